import { now } from '../../clock.js';
import { FINAL_STATES } from '../../domain/message.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import type { MessageProgress } from '../../store/message/progress.js';
import type { Messages } from '../../store/messages.js';
import type { Message } from '../../store/messages-row.js';
import type { Engine } from '../engine.js';
import { lostOwnerStep } from './attempt.js';
import { type MessageTellingDeps, messageTeller } from './telling.js';

export interface MessageSweepDeps extends MessageTellingDeps {
  readonly messages: Pick<Messages, 'owed' | 'lookAgain'>;
  readonly messageProgress: Pick<MessageProgress, 'overtake' | 'late'>;
  readonly engine: Pick<Engine, 'wakeMessage'>;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
  readonly log: { warn(details: object, message: string): void };
}

/** Of one pass, so that it ends within its time; the longest owed come first, and the next pass goes on. */
const MOST_PER_PASS = 2_000;
const AT_ONCE = 8;
const LONGEST_BACK_OFF = 600_000;

/** PROTOCOL "Messages", sweep: starts what is owed a workflow, declares what dead owners left, tells what is untold. */
export async function sweepMessages(deps: MessageSweepDeps): Promise<void> {
  const owed = await deps.messages.owed(now(), MOST_PER_PASS);
  const tell = messageTeller(deps);
  const rows = owed.values();
  const lookAfterSome = async (): Promise<void> => {
    for (const row of rows) {
      // One row that cannot be helped must not keep the others waiting.
      await lookAfter(deps, tell, row).catch((error) =>
        deps.log.warn({ id: row._id, error: String(error) }, 'sweep left a message undone'),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lookAfterSome));
}

async function lookAfter(deps: MessageSweepDeps, tell: (row: Message) => Promise<void>, row: Message): Promise<void> {
  if (row.state === 'sending') {
    const overtaken = await deps.messageProgress.overtake(row, lostOwnerStep(row, deps.times.resendAfter));
    if (overtaken !== null) return tell(overtaken);
  }
  if (FINAL_STATES.includes(row.state)) return tell(row);
  // Whoever moves the row's time has its turn: several sweeps start it once.
  if (await deps.messages.lookAgain(row, backedOff(row, deps.times.lease))) await deps.engine.wakeMessage(row);
}

/** Ever longer: as long again as it has been due, at least half a lease. */
function backedOff({ created_at, due }: Message, lease: number): Date {
  const at = now().getTime();
  const overdue = at - Math.max(created_at.getTime(), due.getTime());
  return new Date(at + Math.min(Math.max(overdue, lease / 2), LONGEST_BACK_OFF));
}
