import type { Collection, Filter, UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import type { MessageAttempt } from '../../domain/message/message.js';
import type { MessageStep } from '../../domain/message/step.js';
import { type Alive, type ConditionalWrites, conditionalWrites, type Verdict } from '../mongo/conditional-writes.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { leaseExpired } from '../mongo/lease.js';
import { WAITING } from './messages.js';
import type { Message } from './row.js';

export type MessageProgress = ReturnType<typeof messageProgress>;

/**
 * Only these writes decide whether a message may be sent (docs/architecture/protocol.md "Messages"). Leases are judged by
 * the server alone. `lease` in milliseconds; the sweep checks a row whose next step has not come after that time.
 */
export function messageProgress(store: Store, lease: number) {
  const rows = majorityCollection<Message>(store, 'messages');
  return { ...owning(conditionalWrites(rows), lease), ...deciding(rows, lease) };
}

function owning(write: ConditionalWrites<Message>, lease: number) {
  return {
    /** Claims the right to send once: attempt k, waiting, due and in time → attempt k + 1, sending, under this token. */
    claim: (row: Message, token: string, alive: Alive): Promise<Verdict> => {
      const at = now();
      const attempt = row.attempt + 1;
      return write(alive, {
        filter: { ...stillWaiting(row), due: { $lte: at }, expires_at: { $gt: at } },
        update: {
          $set: { state: 'sending', attempt, token, sweep_at: later(2 * lease) },
          $currentDate: { seen: true, updated_at: true },
        },
        id: row._id,
        isAfter: (now) => isOwnedBy(now, token) && now.attempt === attempt,
        isBefore: (now) => waits(now) && now.attempt === row.attempt && now.due <= at && now.expires_at > at,
      });
    },

    /** Renews the claim: the owner is alive. */
    renew: ({ _id }: Message, token: string, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: { _id, token, state: 'sending' },
        update: { $set: { sweep_at: later(2 * lease) }, $currentDate: { seen: true } },
        id: _id,
        isAfter: () => false,
        isBefore: (now) => isOwnedBy(now, token),
      }),

    /** Writes the outcome of the attempt. The token is enough: an expired lease alone decides nothing. */
    settle: ({ _id }: Message, token: string, step: MessageStep, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: { _id, token, state: 'sending' },
        // An uncertain attempt keeps its token, also while its re-send waits: late evidence may still come.
        update: stepUpdate(step, lease, step.state === 'uncertain' || step.resends === true ? token : null),
        id: _id,
        isAfter: (now) => now.attempts.some((entry) => isSame(entry, step.entry)),
        isBefore: (now) => isOwnedBy(now, token),
      }),
  };
}

function deciding(rows: Collection<Message>, lease: number) {
  const decide = (filter: Filter<Message>, step: MessageStep, token: string | null): Promise<Message | null> =>
    rows.findOneAndUpdate(filter, stepUpdate(step, lease, token), { returnDocument: 'after' });
  return {
    /**
     * The owner of attempt k is lost and its outcome unknown. Null if the owner lives, or if another process has decided.
     * `step` is `uncertain`, or the one re-send. Atomic: one conditional update.
     */
    takeOver: ({ _id, attempt, token, resent }: Message, step: MessageStep): Promise<Message | null> =>
      decide({ _id, attempt, token, resent, state: 'sending', $expr: leaseExpired(lease) }, step, token),

    /** Fails a waiting message that has expired. Null if it does not wait or has not expired. Atomic: one conditional update. */
    expire: (row: Message, step: MessageStep): Promise<Message | null> =>
      decide({ ...stillWaiting(row), expires_at: { $lte: now() } }, step, null),

    /** Fails a waiting message that must not or cannot be sent. Atomic: one conditional update. */
    refuse: (row: Message, step: MessageStep): Promise<Message | null> => decide(stillWaiting(row), step, null),

    /** Postpones a waiting message without an attempt. Null if another process changed it. Atomic: one conditional update. */
    postpone: (row: Message, step: MessageStep): Promise<Message | null> =>
      decide({ ...stillWaiting(row), due: row.due }, step, null),

    /**
     * Late evidence settles an uncertain attempt, also one whose re-send has not begun; with `token` only the attempt of
     * that token. Null if there is no such attempt. Atomic: one conditional update, which matches once.
     */
    recordLateEvidence: (account: number, _id: string, step: MessageStep, token?: string): Promise<Message | null> =>
      decide({ _id, account, state: { $in: ['uncertain', 'deferred'] }, token: token ?? { $ne: null } }, step, null),
  };
}

function stepUpdate({ state, entry, due, resends }: MessageStep, lease: number, token: string | null) {
  const resent = resends === true ? { resent: true } : {};
  const again = due === undefined ? {} : { due };
  // The sweep checks the row if the next step, or the publishing of the last one, has not happened by then.
  const sweep_at = new Date((due ?? now()).getTime() + lease);
  return {
    $set: { state, token, sweep_at, ...again, ...resent },
    $push: { attempts: entry },
    $currentDate: { updated_at: true },
  } satisfies UpdateFilter<Message>;
}

function stillWaiting({ _id, attempt }: Message): Filter<Message> {
  return { _id, attempt, state: { $in: WAITING } };
}

function waits({ state }: Message): boolean {
  return WAITING.includes(state);
}

function isOwnedBy(row: Message, token: string): boolean {
  return row.token === token && row.state === 'sending';
}

function isSame(one: MessageAttempt, other: MessageAttempt): boolean {
  return one.n === other.n && one.at === other.at && one.outcome === other.outcome && one.class === other.class;
}

function later(ms: number): Date {
  return new Date(now().getTime() + ms);
}
