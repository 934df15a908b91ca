import { parseMailbox } from '../../../mail/address.js';
import type { SuppressionReason } from '../../../store/suppressions/suppressions.js';
import type { Deps } from '../../wiring.js';

const MAX_EXAMPLES = 5;

/** Suppresses the addresses in batches and counts the results. A repeat of the whole call is safe. */
export async function suppressMany(
  { suppressions }: Pick<Deps, 'suppressions'>,
  account: number,
  batches: Iterable<readonly string[]> | AsyncIterable<readonly string[]>,
  reason: SuppressionReason,
) {
  const counts = { added: 0, known: 0, invalid: 0 };
  const examples: string[] = [];
  for await (const emails of batches) {
    const read = emails.map((email) => ({ email, key: parseMailbox(email)?.identity }));
    const invalid = read.filter(({ key }) => key === undefined).map(({ email }) => email);
    const keys = read.flatMap(({ key }) => key ?? []);
    const added = await suppressions.addMany(account, [...new Set(keys)], reason);
    counts.added += added;
    counts.known += keys.length - added;
    counts.invalid += invalid.length;
    examples.push(...invalid.slice(0, MAX_EXAMPLES - examples.length));
  }
  return { ...counts, invalid_examples: examples };
}
