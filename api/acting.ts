import type { FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';
import type { Accounts, Standing } from '../store/accounts.js';
import type { Key } from '../store/keys.js';

interface Sender {
  readonly key: Pick<Key, 'lists' | 'domains'>;
  /** Whose key it is. */
  readonly owner: Standing;
}

/**
 * Whom a request acts for: with `Everpost-Account: <id>` an agency's key speaks for that client, on every route its scopes
 * cover. Unknown ids and siblings are not there (404), other accounts are not the caller's (403).
 */
export async function accountToActFor(
  accounts: Pick<Accounts, 'standing'>,
  request: FastifyRequest,
  { key, owner }: Sender,
): Promise<Standing> {
  const id = named(request);
  if (id === undefined || id === owner._id) {
    if (owner.state === 'suspended') throw new Failure('account_suspended');
    return owner;
  }
  const client = await accounts.standing(id);
  const isSibling = client?.parent_id !== undefined && client.parent_id === owner.parent_id;
  if (client === null || client.state === 'closed' || isSibling) throw new Failure('not_found');
  if (client.parent_id !== owner._id || owner.state === 'suspended') throw new Failure('forbidden');
  demandUnrestricted(key);
  // Its agency may still look.
  const looks = request.method === 'GET' || request.method === 'HEAD';
  if (client.state === 'suspended' && !looks) throw new Failure('account_suspended');
  return client;
}

function named({ headers }: FastifyRequest): number | undefined {
  const given = headers['everpost-account'];
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(String(given))) return Number(given);
  throw new Failure('bad_request', undefined, 'Everpost-Account must be the id of a client.');
}

/** Lists and domains of a key are those of its own account: it has none of a client. */
function demandUnrestricted({ lists, domains }: Sender['key']): void {
  if (lists === null && domains === null) return;
  throw new Failure(
    'key_restricted',
    undefined,
    'A key that is restricted to lists or domains acts for its own account.',
  );
}
