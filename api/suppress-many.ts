import { parseMailbox } from '../mail/address.js';
import type { SuppressionReason } from '../store/suppressions.js';
import type { Deps } from './deps.js';

const EXAMPLES = 5;

/** Suppresses the addresses among the texts and counts what each of them was. */
export async function suppressMany(
  { suppressions }: Pick<Deps, 'suppressions'>,
  account: number,
  emails: readonly string[],
  reason: SuppressionReason,
) {
  const read = emails.map((email) => ({ email, key: parseMailbox(email)?.identity }));
  const invalid = read.filter(({ key }) => key === undefined).map(({ email }) => email);
  const keys = read.flatMap(({ key }) => key ?? []);
  const added = await suppressions.addMany(account, [...new Set(keys)], reason);
  return {
    added,
    known: keys.length - added,
    invalid: invalid.length,
    invalid_examples: invalid.slice(0, EXAMPLES),
  };
}
