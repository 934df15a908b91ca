import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { Messages } from '../../store/messages/messages.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import { lostOwnerStep } from './attempt.js';
import { atMost, type MissingRunDeps, missingRuns } from './missing-runs.js';
import { type MessagePublishingDeps, messagePublisher, type PublishMessage } from './publishing.js';

export interface MessageSweepDeps extends MessagePublishingDeps, MissingRunDeps {
  readonly messages: Pick<Messages, 'due' | 'sweepAgain' | 'endSweep'> & MissingRunDeps['messages'];
  readonly messageProgress: Pick<MessageProgress, 'takeOver' | 'recordLateEvidence'>;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
}

/** Messages that are read at once, the longest due first. */
const BATCH_SIZE = 1_000;
/** Messages of one pass, so that it ends in time; the next pass continues. */
const MOST_PER_PASS = 50_000;
/** Concurrent writes travel together. */
const CONCURRENCY = 50;

/**
 * Starts missing workflows, overtakes dead owners and publishes results until nothing is due
 * (docs/architecture/protocol.md "Messages").
 */
export async function sweepMessages(deps: MessageSweepDeps): Promise<void> {
  const startMissing = missingRuns(deps);
  const publish = messagePublisher(deps);
  const seen = new Set<string>();
  while (seen.size < MOST_PER_PASS) {
    const due = await deps.messages.due(now(), BATCH_SIZE);
    // Rows that failed are still due: the next pass tries them again.
    const rows = due.filter(({ _id }) => !seen.has(_id));
    if (rows.length === 0) return;
    for (const { _id } of rows) seen.add(_id);
    await startMissing(await settleEnded(deps, publish, rows));
  }
}

/** Publishes final rows and overtakes dead owners. Returns the other rows. */
async function settleEnded(
  deps: MessageSweepDeps,
  publish: PublishMessage,
  rows: readonly Message[],
): Promise<readonly Message[]> {
  const others: Message[] = [];
  await atMost(CONCURRENCY, deps.log, rows, async (row) => {
    if (FINAL_STATES.includes(row.state)) return publish(row);
    const overtaken =
      row.state === 'sending'
        ? await deps.messageProgress.takeOver(row, lostOwnerStep(row, deps.times.resendAfter))
        : null;
    if (overtaken !== null) return publish(overtaken);
    others.push(row);
  });
  return others;
}
