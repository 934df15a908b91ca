import { Failure } from '../domain/errors.js';
import { parseMailbox } from '../mail/address.js';

/** The restrictions of a key. Null: not restricted. */
export interface KeyRestrictions {
  readonly lists: readonly number[] | null;
  readonly domains: readonly string[] | null;
}

/** What the request is about: the lists that it names or whose rows it names, all of the account, or neither. */
export type RequestedLists = readonly number[] | 'own_lists' | 'whole_account';

/**
 * Throws `key_restricted` unless a key may be used for these lists. A restricted key reaches nothing that belongs to the
 * whole account. `own_lists`: the route itself answers with the key's lists only.
 */
export function demandPermittedLists({ lists }: KeyRestrictions, requested: RequestedLists): void {
  if (lists === null || requested === 'own_lists') return;
  if (requested === 'whole_account') {
    throw restricted('This API key is restricted to lists; this route is about the whole account.');
  }
  if (requested.length === 0) throw restricted('This API key is restricted to lists: name one of them as list_id.');
  const other = requested.find((id) => !lists.includes(id));
  if (other !== undefined) throw restricted(`This API key is not for list ${other}.`);
}

/** Throws `key_restricted` unless a key may write from each of these senders, named or inherited. */
export function demandPermittedSenders({ domains }: KeyRestrictions, senders: readonly string[]): void {
  if (domains === null) return;
  for (const sender of senders) {
    const domain = parseMailbox(sender)?.domain;
    if (domain !== undefined && domains.includes(domain)) continue;
    throw restricted(`This API key is not for senders of ${domain ?? 'an invalid address'}.`);
  }
}

/** Throws `key_restricted` for a key that acts for a client: its lists and domains belong to its own account. */
export function demandUnrestricted({ lists, domains }: KeyRestrictions): void {
  if (lists === null && domains === null) return;
  throw restricted('A key that is restricted to lists or domains acts for its own account.');
}

/** Otherwise a restricted key could create a key with more rights. */
export function demandNoAdminScope(scopes: readonly string[], isRestricted: boolean): void {
  if (!isRestricted || !scopes.includes('admin')) return;
  const sentence = 'The scopes of a key that is restricted to lists or domains cannot hold admin.';
  throw new Failure('validation_failed', { scopes: [sentence] });
}

function restricted(sentence: string): Failure {
  return new Failure('key_restricted', undefined, sentence);
}
