import type { FastifyReply, FastifyRequest } from 'fastify';
import { now } from '../../clock.js';
import { keyStatusOf, mayBeUsed } from '../../domain/account/key.js';
import { Failure, type FailureCode } from '../../domain/errors.js';
import type { AccountStatus, Accounts } from '../../store/accounts/accounts.js';
import { type Key, rootKeyOf } from '../../store/keys/keys.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';

/** The authenticated sender of a request. */
export interface Principal {
  /** The account that the request acts for: that of the key, or one of its clients. */
  readonly account: number;
  readonly accountStatus: AccountStatus;
  /** The account that owns the key. */
  readonly owner: number;
  readonly key: number;
  /** The first key in its chain of rotations. */
  readonly rootKey: number;
  readonly keySettings: Pick<Key, 'scopes' | 'lists' | 'domains' | 'per_minute'>;
}

/** How an API expects its key. */
export interface Credentials {
  /** Undefined where the request has no key, or a value that cannot be one. */
  readonly secretOf: (request: FastifyRequest) => string | undefined;
  /** Whether a value sent beside the key belongs to it. */
  readonly matches?: (request: FastifyRequest, key: Key) => boolean;
  /** The error for a well-formed key that does not exist. */
  readonly unknownKeyCode?: FailureCode;
}

const principals = new WeakMap<FastifyRequest, Principal>();

/** `Authorization: Bearer …`, or `?api_key=` for trying the API in a browser. */
const BEARER: Credentials = { secretOf: bearerOf };

/** Requires a key on every route registered afterwards. */
export function authenticate(
  app: Api,
  { keys, accounts }: Pick<Deps, 'keys' | 'accounts'>,
  credentials: Credentials = BEARER,
): void {
  const { secretOf, matches = () => true, unknownKeyCode = 'unauthenticated' } = credentials;
  app.addHook('onRequest', async (request, reply) => {
    const secret = secretOf(request);
    const found = secret === undefined ? null : await keys.findBySecret(secret);
    const key = found !== null && matches(request, found) ? found : null;
    const owner = key && (await accounts.status(key.account));
    if (key === null || owner === null)
      throw unauthenticated(reply, secret === undefined ? 'unauthenticated' : unknownKeyCode);
    const refusal = refusalCodeOf(key, owner);
    if (refusal !== undefined) throw unauthenticated(reply, refusal);
    const account = await accountOnBehalfOf(accounts, request, { key, owner });
    const sender = { owner: owner._id, key: key._id, rootKey: rootKeyOf(key), keySettings: key };
    principals.set(request, { account: account._id, accountStatus: account, ...sender });
  });
}

function unauthenticated(reply: FastifyReply, code: FailureCode): Failure {
  reply.header('www-authenticate', 'Bearer realm="everpost"');
  return new Failure(code);
}

function refusalCodeOf(key: Key, owner: AccountStatus): FailureCode | undefined {
  // Closing an account ends its keys.
  const keyState = owner.state === 'closed' ? 'revoked' : keyStatusOf(key, now());
  if (mayBeUsed(keyState)) return undefined;
  return keyState === 'expired' ? 'key_expired' : 'key_revoked';
}

/** The account that a request acts for. */
export function accountOf(request: FastifyRequest): number {
  return principalOf(request).account;
}

export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Failure('unauthenticated');
  return principal;
}

function bearerOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer +([\x21-\x7e]{20,128})$/i.exec(authorization.trim())?.[1];
  return secretIn((request.query as { api_key?: unknown }).api_key);
}

/** A value with the form of a key; undefined for everything else. */
export function secretIn(given: unknown): string | undefined {
  return typeof given === 'string' && /^[\x21-\x7e]{20,128}$/.test(given) ? given : undefined;
}

interface KeyHolder {
  readonly key: Pick<Key, 'lists' | 'domains'>;
  /** The account that owns the key. */
  readonly owner: AccountStatus;
}

/**
 * The account that a request acts for: with `Everpost-Account: <id>` a key of an agency acts for that client, on every
 * route of its scopes. Unknown ids and siblings are 404, other accounts 403.
 */
async function accountOnBehalfOf(
  accounts: Pick<Accounts, 'status'>,
  request: FastifyRequest,
  { key, owner }: KeyHolder,
): Promise<AccountStatus> {
  const id = accountHeader(request);
  if (id === undefined || id === owner._id) {
    if (owner.state === 'suspended') throw new Failure('account_suspended');
    return owner;
  }
  const client = await accounts.status(id);
  const isSibling = client?.parent_id !== undefined && client.parent_id === owner.parent_id;
  if (client === null || client.state === 'closed' || isSibling) throw new Failure('not_found');
  if (client.parent_id !== owner._id || owner.state === 'suspended') throw new Failure('forbidden');
  demandUnrestricted(key);
  // The agency may still read.
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (client.state === 'suspended' && !isRead) throw new Failure('account_suspended');
  return client;
}

function accountHeader({ headers }: FastifyRequest): number | undefined {
  const given = headers['everpost-account'];
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(String(given))) return Number(given);
  throw new Failure('bad_request', undefined, 'Everpost-Account must be the id of a client.');
}

/** The lists and domains of a key belong to its own account, not to a client. */
function demandUnrestricted({ lists, domains }: KeyHolder['key']): void {
  if (lists === null && domains === null) return;
  throw new Failure(
    'key_restricted',
    undefined,
    'A key that is restricted to lists or domains acts for its own account.',
  );
}
