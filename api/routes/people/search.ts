import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import { Id, Mailbox } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';

/** Query fields of a list that can be reduced to one person. */
export const personFields = {
  email: Type.Optional(Mailbox),
  subscriber_id: Type.Optional(Id),
};

export interface PersonSearch {
  readonly email?: string | undefined;
  readonly subscriber_id?: number | undefined;
}

/** The person of a query: the identity of the address, and the rows on the lists. */
export interface SearchedPerson {
  readonly emailKey: string;
  readonly rows: readonly Subscriber[];
}

const MOST_LISTS = 100;

/**
 * The person that a query names; undefined: it names none. An address is known without any row, a subscriber id only with
 * its row: `missing` where it is deleted or another account's.
 */
export async function searchedPerson(
  { subscribers }: Pick<Deps, 'subscribers'>,
  account: number,
  { email, subscriber_id: id }: PersonSearch,
): Promise<SearchedPerson | 'missing' | undefined> {
  demandOneName({ email, subscriber_id: id });
  if (id !== undefined) {
    const row = await subscribers.find(account, id);
    return typeof row === 'string' ? 'missing' : { emailKey: row.email_key, rows: [row] };
  }
  if (email === undefined) return undefined;
  const emailKey = identityIn(email);
  return { emailKey, rows: await subscribers.onLists(account, emailKey, undefined, MOST_LISTS) };
}

/** The identity of an address that the schema has checked. */
export function identityIn(email: string): string {
  const address = parseMailbox(email);
  if (address !== undefined) return address.identity;
  throw new Failure('validation_failed', { email: ['The email must be a valid email address.'] });
}

/** Refuses two names of what must be one person. */
export function demandOneName(names: Readonly<Record<string, string | number | undefined>>): void {
  const given = Object.entries(names).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const [first, second] = given;
  if (first === undefined || second === undefined) return;
  throw new Failure('validation_failed', { [second]: [`The ${first} and the ${second} cannot be used together.`] });
}
