import { Failure } from '../domain/errors.js';
import { timestamp } from '../domain/timestamp.js';
import type { SuppressionReason, Suppressions } from '../store/suppressions/suppressions.js';

const CAUSES: Readonly<Record<SuppressionReason, string>> = {
  bounce: 'after a hard bounce',
  complaint: 'after a complaint',
  manual: 'by a request',
  erased: 'because the person was erased',
};

/** The refusal of a suppressed address, with the reason and the time of the suppression. */
export async function suppressedFailure(
  suppressions: Pick<Suppressions, 'find'>,
  account: number,
  emailKey: string,
): Promise<Failure> {
  const row = await suppressions.find(account, emailKey);
  // The suppression was lifted between the two reads.
  if (row === null) return new Failure('recipient_suppressed');
  const since = timestamp(row.created_at);
  const sentence = `This address is suppressed ${CAUSES[row.reason]} since ${since} and gets no mail.`;
  return new Failure('recipient_suppressed', undefined, sentence, { reason: row.reason, since });
}
