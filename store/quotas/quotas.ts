import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { monthOf, planOf } from '../../domain/account/plan.js';
import type { Account } from '../accounts/accounts.js';
import type { Store } from '../mongo/connect.js';
import { dueRows } from '../mongo/lease.js';
import { inTransaction } from '../mongo/transaction.js';
import { ensureMonth, idOf, unreservedMails } from './months.js';
import { type Holder, LIMIT_OF, type Metered, type Reservation, type UsageRow } from './rows.js';

/** `over`: the remaining quota is too small; nothing was reserved. */
export type ReservationResult = 'held' | 'over';

export interface ReservationRequest {
  readonly _id: string;
  readonly holder: Holder;
  readonly amount: number;
}

/** The part of a reservation that its holder used. */
export interface Outcome {
  readonly _id: string;
  readonly used: number;
}

export type Quotas = ReturnType<typeof quotas>;

/** The sweep checks a message within the minute, so that its unused quota is soon available again. */
const FIRST_CHECK = 15_000;
const LONGEST_CHECK = 600_000;
/** Settled reservations are kept for late repeats of a step. */
const KEPT_FOR = 100 * 86_400_000;

/**
 * Monthly quotas are reservations. Each method is one transaction over the reservations and the total of their month: both
 * agree after a crash at any point, and used + reserved never exceeds the limit. Every method is idempotent.
 */
export function quotas(store: Store) {
  const rows = store.db.collection<Reservation>('reservations');
  const months = store.db.collection<UsageRow>('usage');
  const accounts = store.db.collection<Account>('accounts');

  const reserve = async (
    account: number,
    kind: Metered,
    requests: readonly ReservationRequest[],
    unless?: Holder,
  ): Promise<ReservationResult> => {
    const at = now();
    const month = monthOf(at);
    const plan = await accounts.findOne({ _id: account }, { projection: { plan: 1 } });
    const limit = planOf(plan ?? {})[LIMIT_OF[kind]];
    await ensureMonth(months, account, month);
    const unreserved =
      limit === null || kind !== 'emails' ? NOTHING : await unreservedMails(store.db, [account], month);
    const most = limit === null ? null : limit - unreserved.used - unreserved.reserved;
    return inTransaction(store, async (session) => {
      const fresh = await withoutReservation(rows, session, requests, unless);
      const amount = fresh.reduce((sum, request) => sum + request.amount, 0);
      if (fresh.length === 0) return 'held';
      const withinLimit = most === null ? {} : { $expr: { $lte: [{ $add: [...METER(kind), amount] }, most] } };
      const inc = { $inc: { [`${kind}.reserved`]: amount } };
      const { matchedCount } = await months.updateOne({ _id: idOf(account, month), ...withinLimit }, inc, { session });
      if (matchedCount === 0) return 'over';
      const sweep_at = new Date(at.getTime() + FIRST_CHECK);
      const held = fresh.map((request) => ({ ...request, account, month, kind, state: 'held' as const, at, sweep_at }));
      await rows.insertMany(held, { session });
      return 'held';
    });
  };

  return {
    /** Reserves for each holder without a reservation, for all of them or for none. */
    reserve,

    /** Reserves for a round of a campaign; no more is needed while an earlier round holds its reservation. */
    reserveRound: (account: number, round: Round, amount: number): Promise<ReservationResult> => {
      const holder = { kind: 'campaign', campaign: round.campaign, launch: round.launch } as const;
      return reserve(account, 'emails', [{ _id: roundReservation(round), holder, amount }], holder);
    },

    /** Reserves one draft by AI. */
    reserveDraft: (account: number, { campaign, n }: DraftNumber): Promise<ReservationResult> => {
      const holder = { kind: 'draft', campaign, n } as const;
      return reserve(account, 'ai_drafts', [{ _id: draftHolder({ campaign, n }), holder, amount: 1 }]);
    },

    ...trimming(store, rows, months),
    ...settling(store, rows, months),
    ...sweeping(rows),
  };
}

function trimming(store: Store, rows: Collection<Reservation>, months: Collection<UsageRow>) {
  return {
    /** Gives back what a round reserved beyond its number of recipients. */
    trimRound: (round: Round, amount: number): Promise<void> =>
      inTransaction(store, async (session) => {
        const larger = { _id: roundReservation(round), state: 'held', amount: { $gt: amount } } as const;
        const before = await rows.findOneAndUpdate(larger, { $set: { amount } }, { session });
        if (before === null) return;
        const { account, month, kind } = before;
        const less = { $inc: { [`${kind}.reserved`]: amount - before.amount } };
        await months.updateOne({ _id: idOf(account, month) }, less, { session });
      }),
  };
}

function roundReservation({ campaign, launch, round }: Round): string {
  return `campaign:${campaign}:${launch}:${round}`;
}

interface DraftNumber {
  readonly campaign: number;
  readonly n: number;
}

export function draftHolder({ campaign, n }: DraftNumber): string {
  return `draft:${campaign}:${n}`;
}

interface Round {
  readonly campaign: number;
  readonly launch: number;
  readonly round: number;
}

const NOTHING = { used: 0, reserved: 0 };
const METER = (kind: Metered) => [`$${kind}.used`, `$${kind}.reserved`];

function settling(store: Store, rows: Collection<Reservation>, months: Collection<UsageRow>) {
  return {
    /** Settles reservations: the used part counts, the rest is released. Settled ones stay unchanged. */
    settle: (outcomes: readonly Outcome[]): Promise<void> => {
      const used = new Map(outcomes.map((one) => [one._id, one.used]));
      return inTransaction(store, async (session) => {
        const held = await rows.find({ _id: { $in: [...used.keys()] }, state: 'held' }, { session }).toArray();
        await settleAll(
          { rows, months, session },
          held.map((row) => ({ row, used: used.get(row._id) ?? 0 })),
        );
      });
    },

    /** Settles a launch of a campaign that has ended; `used` counts mails that left or may have left. */
    settleCampaign: (campaign: number, launch: number, total: number): Promise<void> =>
      inTransaction(store, async (session) => {
        const of = { 'holder.kind': 'campaign', 'holder.campaign': campaign, 'holder.launch': launch } as const;
        const found = await rows.find(of, { session }).sort({ at: 1 }).toArray();
        let rest = total - found.reduce((sum, row) => sum + (row.used ?? 0), 0);
        const settled = found
          .filter(({ state }) => state === 'held')
          .map((row) => {
            const used = Math.max(0, Math.min(rest, row.amount));
            rest -= used;
            return { row, used };
          });
        await settleAll({ rows, months, session }, settled);
      }),
  };
}

interface ReservationTables {
  readonly rows: Collection<Reservation>;
  readonly months: Collection<UsageRow>;
  readonly session: ClientSession;
}

interface Settled {
  readonly row: Reservation;
  readonly used: number;
}

async function settleAll({ rows, months, session }: ReservationTables, settled: readonly Settled[]): Promise<void> {
  const delete_at = new Date(now().getTime() + KEPT_FOR);
  const isMessage = ({ row }: Settled) => row.holder.kind === 'message';
  // A message is reserved once, under its own id, and never asks again.
  const messages = settled.filter(isMessage).map(({ row }) => row._id);
  if (messages.length > 0) await rows.deleteMany({ _id: { $in: messages } }, { session });
  for (const { row, used } of settled.filter((one) => !isMessage(one))) {
    const change = { $set: { state: 'settled' as const, used, sweep_at: null, delete_at } };
    await rows.updateOne({ _id: row._id }, change, { session });
  }
  for (const [_id, inc] of sums(settled)) await months.updateOne({ _id }, { $inc: inc }, { session });
}

/** The change of each month over all of these reservations. */
function sums(settled: readonly Settled[]): Map<string, Record<string, number>> {
  const months = new Map<string, Record<string, number>>();
  for (const { row, used } of settled) {
    const { account, month, kind, amount } = row;
    const sum = months.get(idOf(account, month)) ?? {};
    sum[`${kind}.reserved`] = (sum[`${kind}.reserved`] ?? 0) - amount;
    sum[`${kind}.used`] = (sum[`${kind}.used`] ?? 0) + used;
    months.set(idOf(account, month), sum);
  }
  return months;
}

function sweeping(rows: Collection<Reservation>) {
  return {
    /** Reservations of every account whose holders are due for a check, the most overdue first. */
    due: (before: Date, limit: number): Promise<Reservation[]> => dueRows(rows, before).limit(limit).toArray(),

    /** Moves the next check: later the older the reservation is, and after `until` where its holder waits for a time. */
    sweepAgain: async (held: readonly Reservation[], until: ReadonlyMap<string, Date>): Promise<void> => {
      if (held.length === 0) return;
      const later = ({ _id, at }: Reservation) => {
        const age = now().getTime() - at.getTime();
        const begins = Math.max(now().getTime(), until.get(_id)?.getTime() ?? 0);
        return new Date(begins + Math.min(Math.max(age, FIRST_CHECK), LONGEST_CHECK));
      };
      const again = held.map((row) => ({
        updateOne: { filter: { _id: row._id, state: 'held' as const }, update: { $set: { sweep_at: later(row) } } },
      }));
      await rows.bulkWrite(again, { ordered: false });
    },
  };
}

/** The requests without a reservation; none, where `unless` holds one already. */
async function withoutReservation(
  rows: Collection<Reservation>,
  session: ClientSession,
  requests: readonly ReservationRequest[],
  unless?: Holder,
): Promise<readonly ReservationRequest[]> {
  if (unless?.kind === 'campaign') {
    const { campaign, launch } = unless;
    const of = { 'holder.kind': 'campaign', 'holder.campaign': campaign, 'holder.launch': launch } as const;
    if ((await rows.findOne({ ...of, state: 'held' }, { session })) !== null) return [];
  }
  const ids = requests.map(({ _id }) => _id);
  const known = new Set((await rows.find({ _id: { $in: ids } }, { session }).toArray()).map(({ _id }) => _id));
  // One call may name the same holder twice.
  const once = new Map(requests.map((request) => [request._id, request]));
  return [...once.values()].filter(({ _id }) => !known.has(_id));
}
