import type { FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import type { AccountStatus, Accounts } from '../../store/accounts/accounts.js';
import type { Key } from '../../store/keys/keys.js';

interface KeyHolder {
  readonly key: Pick<Key, 'lists' | 'domains'>;
  /** The account that owns the key. */
  readonly owner: AccountStatus;
}

/**
 * The account that a request acts for: with `Everpost-Account: <id>` a key of an agency acts for that client, on every
 * route of its scopes. Unknown ids and siblings are 404, other accounts 403.
 */
export async function accountOnBehalfOf(
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
