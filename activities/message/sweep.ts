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
  readonly messages: Pick<Messages, 'due' | 'sweepAgain' | 'endSweep'>;
  readonly messageProgress: Pick<MessageProgress, 'takeOver' | 'recordLateEvidence'>;
  readonly engine: Pick<Engine, 'startMessage'>;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
  readonly log: { warn(details: object, message: string): void };
}

/** Messages of one pass, the longest due first; the next pass continues. */
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
      // A row that fails does not stop the others.
      await sweepMessage(deps, publish, row).catch((error) =>
        deps.log.warn(
          { id: row._id, error: String(error) },
          'The sweep failed for this message; the next sweep tries again',
        ),
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
  // Only the sweep that moves the row's time starts the workflow.
  if (await deps.messages.sweepAgain(row, nextSweepAt(row, deps.times.lease))) await deps.engine.startMessage(row);
}

/** The interval doubles with the time the message has been due; it is half a lease at least. */
function nextSweepAt({ created_at, due }: Message, lease: number): Date {
  const at = now().getTime();
  const overdue = at - Math.max(created_at.getTime(), due.getTime());
  return new Date(at + Math.min(Math.max(overdue, lease / 2), LONGEST_BACK_OFF));
}
