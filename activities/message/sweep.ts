import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { Messages } from '../../store/messages/messages.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import type { Engine } from '../engine.js';
import { lostOwnerStep } from './attempt.js';
import { type MessagePublishingDeps, messagePublisher } from './publishing.js';

export interface MessageSweepDeps extends MessagePublishingDeps {
  readonly messages: Pick<Messages, 'due' | 'sweepAgain'>;
  readonly messageProgress: Pick<MessageProgress, 'takeOver' | 'recordLateEvidence'>;
  readonly engine: Pick<Engine, 'startMessage'>;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
  readonly log: { warn(details: object, message: string): void };
}

/** Of one pass, so that it ends within its time; the longest owed come first, and the next pass goes on. */
const MOST_PER_PASS = 2_000;
const CONCURRENCY = 8;
const LONGEST_BACK_OFF = 600_000;

/** Starts missing workflows, overtakes dead owners and publishes results (docs/architecture/protocol.md "Messages"). */
export async function sweepMessages(deps: MessageSweepDeps): Promise<void> {
  const due = await deps.messages.due(now(), MOST_PER_PASS);
  const publish = messagePublisher(deps);
  const rows = due.values();
  const processRows = async (): Promise<void> => {
    for (const row of rows) {
      // One row that cannot be helped must not keep the others waiting.
      await sweepMessage(deps, publish, row).catch((error) =>
        deps.log.warn({ id: row._id, error: String(error) }, 'sweep left a message undone'),
      );
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, processRows));
}

async function sweepMessage(
  deps: MessageSweepDeps,
  publish: (row: Message) => Promise<void>,
  row: Message,
): Promise<void> {
  if (row.state === 'sending') {
    const overtaken = await deps.messageProgress.takeOver(row, lostOwnerStep(row, deps.times.resendAfter));
    if (overtaken !== null) return publish(overtaken);
  }
  if (FINAL_STATES.includes(row.state)) return publish(row);
  // Whoever moves the row's time has its turn: several sweeps start it once.
  if (await deps.messages.sweepAgain(row, nextSweepAt(row, deps.times.lease))) await deps.engine.startMessage(row);
}

/** Ever longer: as long again as it has been due, at least half a lease. */
function nextSweepAt({ created_at, due }: Message, lease: number): Date {
  const at = now().getTime();
  const overdue = at - Math.max(created_at.getTime(), due.getTime());
  return new Date(at + Math.min(Math.max(overdue, lease / 2), LONGEST_BACK_OFF));
}
