import type { Collection, Document, Filter, UpdateFilter } from 'mongodb';
import { later, now } from '../../clock.js';
import type { MessageAttempt } from '../../domain/message/message.js';
import type { MessageStep } from '../../domain/message/step.js';
import { type Alive, type ConditionalWrites, groupedWrites, type Verdict } from '../mongo/conditional-writes.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { type DeadOwners, leaseExpired, NO_DEAD_OWNERS, ownerLost } from '../mongo/lease.js';
import { WAITING } from './messages.js';
import type { Message } from './row.js';

export type MessageProgress = ReturnType<typeof messageProgress>;

/**
 * Only these writes decide whether a message may be sent (docs/architecture/protocol.md "Messages"). Leases are judged by
 * the server alone. `lease` in milliseconds; the sweep checks a row whose next step has not come after that time.
 */
export function messageProgress(store: Store, lease: number, dead: DeadOwners = NO_DEAD_OWNERS) {
  const rows = majorityCollection<Message>(store, 'messages');
  // Two lines: an outcome does not wait for the claims of others.
  const lines = { claiming: groupedWrites(rows), settling: groupedWrites(rows) };
  return { ...owning(lines, lease), ...deciding(rows, lease, () => ownerLost(lease, dead)), ...watching(rows, lease) };
}

type Lines = Readonly<Record<'claiming' | 'settling', ConditionalWrites<Message>>>;

function owning({ claiming, settling }: Lines, lease: number) {
  return {
    /** Claims the right to send once: attempt k, waiting, due and in time → attempt k + 1, sending, under this token. */
    claim: (row: Message, token: string, alive: Alive): Promise<Verdict> => {
      const at = now();
      const attempt = row.attempt + 1;
      return claiming(alive, {
        filter: { ...asRead(row), due: { $lte: at }, expires_at: { $gt: at } },
        update: {
          $set: { state: 'sending', attempt, token, sweep_at: later(2 * lease) },
          $currentDate: { seen: true, updated_at: true },
        },
        id: row._id,
        isAfter: (now) => isOwnedBy(now, token) && now.attempt === attempt,
        isBefore: (now) => isAsRead(now, row) && now.due <= at && now.expires_at > at,
      });
    },

    /** Renews the claim: the owner is alive. */
    renew: ({ _id }: Message, token: string, alive: Alive): Promise<Verdict> => {
      const sweep_at = later(2 * lease);
      return claiming(alive, {
        filter: { _id, token, state: 'sending' },
        update: { $set: { sweep_at }, $currentDate: { seen: true } },
        id: _id,
        isAfter: (now) => isOwnedBy(now, token) && now.sweep_at?.getTime() === sweep_at.getTime(),
        isBefore: (now) => isOwnedBy(now, token),
      });
    },

    /** Writes the outcome of the attempt. The token is enough: an expired lease alone decides nothing. */
    settle: (
      { _id, resent }: Message,
      token: string,
      step: MessageStep,
      alive: Alive,
      sweepAt = nextSweepAt(step, lease),
    ): Promise<Verdict> =>
      settling(alive, {
        filter: { _id, token, state: 'sending' },
        update: stepUpdate(step, sweepAt, mayHaveLateEvidence(step, resent) ? token : null),
        id: _id,
        isAfter: (now) => now.attempts.some((entry) => isSame(entry, step.entry)),
        isBefore: (now) => isOwnedBy(now, token),
      }),
  };
}

/** An uncertain attempt keeps its token, also while its re-send waits, before that or after it: evidence may still come. */
function mayHaveLateEvidence({ state, resends }: MessageStep, resent: boolean): boolean {
  return state === 'uncertain' || resends === true || (state === 'deferred' && resent);
}

function deciding(rows: Collection<Message>, lease: number, isLost: () => Document) {
  const decide = (filter: Filter<Message>, step: MessageStep, token: string | null): Promise<Message | null> =>
    rows.findOneAndUpdate(filter, stepUpdate(step, nextSweepAt(step, lease), token), { returnDocument: 'after' });
  return {
    /**
     * The owner of attempt k is lost and its outcome unknown. Null if the owner lives, or if another process has decided.
     * `step` is `uncertain`, or the one re-send. Atomic: one conditional update.
     */
    takeOver: ({ _id, attempt, token, resent }: Message, step: MessageStep): Promise<Message | null> =>
      decide({ _id, attempt, token, resent, state: 'sending', $expr: isLost() }, step, token),

    /** Fails a waiting message that has expired. Null if it does not wait or has not expired. Atomic: one conditional update. */
    expire: (row: Message, step: MessageStep): Promise<Message | null> =>
      decide({ ...asRead(row), expires_at: { $lte: now() } }, step, tokenAfter(row, step)),

    /** Fails a waiting message that must not or cannot be sent. Atomic: one conditional update. */
    refuse: (row: Message, step: MessageStep): Promise<Message | null> =>
      decide(asRead(row), step, tokenAfter(row, step)),

    /** Postpones a waiting message without an attempt. Null if another process changed it. Atomic: one conditional update. */
    postpone: (row: Message, step: MessageStep): Promise<Message | null> =>
      decide({ ...asRead(row), due: row.due }, step, tokenAfter(row, step)),

    /**
     * Late evidence settles an uncertain attempt, also one whose re-send has not begun; with `token` only the attempt of
     * that token. Null if there is no such attempt. Atomic: one conditional update, which matches once.
     */
    recordLateEvidence: (account: number, _id: string, step: MessageStep, token?: string): Promise<Message | null> =>
      decide({ _id, account, state: { $in: ['uncertain', 'deferred'] }, token: token ?? { $ne: null } }, step, null),
  };
}

function watching(rows: Collection<Message>, lease: number) {
  return {
    /**
     * Of these messages those whose owner has been silent for half a lease, each with the time at which another process may
     * decide. For the display: decides nothing.
     */
    silentAmong: async (ids: readonly string[]): Promise<ReadonlyMap<string, Date>> => {
      const found = rows.aggregate<{ _id: string; free: Date }>([
        { $match: { _id: { $in: [...ids] }, state: 'sending', $expr: leaseExpired(lease / 2) } },
        { $project: { free: { $add: ['$seen', lease] } } },
      ]);
      return new Map((await found.toArray()).map(({ _id, free }) => [_id, free]));
    },
  };
}

/** The sweep checks the row if the next step, or the publishing of the last one, has not happened by then. */
export function nextSweepAt({ due }: MessageStep, lease: number): Date {
  return new Date((due ?? now()).getTime() + lease);
}

function stepUpdate({ state, entry, due, resends }: MessageStep, sweep_at: Date, token: string | null) {
  const resent = resends === true ? { resent: true } : {};
  const again = due === undefined ? {} : { due };
  return {
    $set: { state, token, sweep_at, ...again, ...resent },
    $push: { attempts: entry },
    $currentDate: { updated_at: true },
  } satisfies UpdateFilter<Message>;
}

/** The token of a waiting message after a step that is no attempt. */
function tokenAfter({ token, resent }: Message, step: MessageStep): string | null {
  return mayHaveLateEvidence(step, resent) ? token : null;
}

/** A waiting message to which nothing was added since it was read. */
function asRead({ _id, attempt, attempts }: Message): Filter<Message> {
  return { _id, attempt, attempts: { $size: attempts.length }, state: { $in: WAITING } };
}

function isAsRead(now: Message, { attempt, attempts }: Message): boolean {
  return WAITING.includes(now.state) && now.attempt === attempt && now.attempts.length === attempts.length;
}

function isOwnedBy(row: Message, token: string): boolean {
  return row.token === token && row.state === 'sending';
}

function isSame(one: MessageAttempt, other: MessageAttempt): boolean {
  return one.n === other.n && one.at === other.at && one.outcome === other.outcome && one.class === other.class;
}
