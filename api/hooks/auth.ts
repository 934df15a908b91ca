import type { FastifyReply, FastifyRequest } from 'fastify';
import { now } from '../../clock.js';
import { keyStatusOf, mayBeUsed } from '../../domain/account/key.js';
import { Failure, type FailureCode } from '../../domain/errors.js';
import { demandUnrestricted } from '../../services/key-permissions.js';
import type { AccountStatus, Accounts } from '../../store/accounts/accounts.js';
import { type Key, rootKeyOf } from '../../store/keys/keys.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { limitWrongKeys } from './keys/wrong-keys.js';

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
  /** The header field of the key, as a sentence shows it. */
  readonly wanted: string;
  /** Undefined where the request has no key, or a value that cannot be one. */
  readonly secretOf: (request: FastifyRequest) => string | undefined;
  /** Whether a value sent beside the key belongs to it. */
  readonly matches?: (request: FastifyRequest, key: Key) => boolean;
  /** The error for a well-formed key that does not exist. */
  readonly unknownKeyCode?: FailureCode;
}

const principals = new WeakMap<FastifyRequest, Principal>();

/** `Authorization: Bearer …`, or `?api_key=` for trying the API in a browser. */
const BEARER: Credentials = { wanted: 'Authorization: Bearer <key>', secretOf: bearerOf };

/** Requires a key on every route registered afterwards. */
export function authenticate(
  app: Api,
  { keys, accounts, ...limiting }: Pick<Deps, 'keys' | 'accounts' | 'config' | 'requestLimits'>,
  credentials: Credentials = BEARER,
): void {
  app.addHook('onRequest', async (request, reply) => {
    const { key, owner } =
      (await keyHolderOf({ keys, accounts }, credentials, request)) ??
      (await refuseWrongKey(limiting, credentials, request, reply));
    const refusal = refusalCodeOf(key, owner);
    if (refusal !== undefined) throw unauthenticated(reply, refusal);
    const account = await accountOnBehalfOf(accounts, request, { key, owner });
    const sender = { owner: owner._id, key: key._id, rootKey: rootKeyOf(key), keySettings: key };
    principals.set(request, { account: account._id, accountStatus: account, ...sender });
  });
}

/** Undefined: the request has no key, or a wrong one. */
async function keyHolderOf(
  { keys, accounts }: Pick<Deps, 'keys' | 'accounts'>,
  { secretOf, matches = () => true }: Credentials,
  request: FastifyRequest,
) {
  const secret = secretOf(request);
  const key = secret === undefined ? null : await keys.findBySecret(secret);
  if (key === null || !matches(request, key)) return undefined;
  const owner = await accounts.status(key.account);
  return owner === null ? undefined : { key, owner };
}

async function refuseWrongKey(
  limiting: Pick<Deps, 'config' | 'requestLimits'>,
  { wanted, secretOf, unknownKeyCode = 'unauthenticated' }: Credentials,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<never> {
  const isWellFormed = secretOf(request) !== undefined;
  const field = wanted.replace(/:.*/, '').toLowerCase();
  const isMissing = !isWellFormed && request.headers[field] === undefined;
  // A request without a key is no attempt to guess one.
  if (!isMissing) await limitWrongKeys(limiting, request, reply);
  const code = isWellFormed ? unknownKeyCode : 'unauthenticated';
  throw unauthenticated(reply, code, code === 'unauthenticated' ? sentenceOf(isMissing, wanted) : undefined);
}

function unauthenticated(reply: FastifyReply, code: FailureCode, sentence?: string): Failure {
  reply.header('www-authenticate', 'Bearer realm="everpost"');
  return new Failure(code, undefined, sentence);
}

function sentenceOf(isMissing: boolean, wanted: string): string {
  if (isMissing) return `The API key is missing: send it in the header ${wanted}.`;
  return `The API key is not valid: send a key of this installation in the header ${wanted}.`;
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
 * route of its scopes. Unknown ids, siblings and the own agency are 404, other
 * accounts 403.
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
  const isFamily = client?._id === owner.parent_id || client?.parent_id === owner.parent_id;
  if (client === null || client.state === 'closed' || (owner.parent_id !== undefined && isFamily))
    throw new Failure('not_found');
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
