import type { Collection, Db } from 'mongodb';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { Message } from '../messages/row.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { inTransaction } from '../mongo/transaction.js';
import { METERED, type Meter, type UsageRow } from './rows.js';

export function idOf(account: number, month: string): string {
  return `${account}:${month}`;
}

/** Runs outside of a transaction, so that the first two transactions of a month do not conflict. */
export async function ensureMonth(months: Collection<UsageRow>, account: number, month: string): Promise<void> {
  const _id = idOf(account, month);
  if ((await months.findOne({ _id }, { projection: { _id: 1 } })) !== null) return;
  const none = { used: 0, reserved: 0 };
  const blank = { account, month, ...Object.fromEntries(METERED.map((kind) => [kind, none])) };
  await months.updateOne({ _id }, { $setOnInsert: blank }, { upsert: true }).catch((error: unknown) => {
    if (!isDuplicateKey(error)) throw error;
  });
}

/** Messages of a month without a reservation: accepted while their account had no limit. Reads one index. */
export async function unreservedMails(db: Db, accounts: readonly number[], month: string): Promise<Meter> {
  const of = { account: { $in: [...accounts] }, counts_for: month };
  const states = await db
    .collection<Message>('messages')
    .aggregate<{ _id: Message['state']; n: number }>([{ $match: of }, { $group: { _id: '$state', n: { $sum: 1 } } }])
    .toArray();
  const sum = (isMeant: (state: Message['state']) => boolean) =>
    states.reduce((total, { _id, n }) => total + (isMeant(_id) ? n : 0), 0);
  return { used: sum(hasLeft), reserved: sum((state) => !FINAL_STATES.includes(state)) };
}

/** Deletes ended messages and adds those without a reservation to the total of their month. One transaction. */
export async function deleteCounted(store: Store, ids: readonly string[]): Promise<void> {
  const messages = store.db.collection<Message>('messages');
  const months = store.db.collection<UsageRow>('usage');
  const over = { _id: { $in: [...ids] }, state: { $in: [...FINAL_STATES] } };
  const counted = await messages.find({ ...over, counts_for: { $exists: true } }).toArray();
  for (const [account, month] of new Map(counted.map((row) => [keyOf(row), monthOfRow(row)])).values()) {
    await ensureMonth(months, account, month);
  }
  await inTransaction(store, async (session) => {
    const rows = await messages.find({ ...over, counts_for: { $exists: true } }, { session }).toArray();
    const used = new Map<string, number>();
    for (const row of rows) if (hasLeft(row.state)) used.set(keyOf(row), (used.get(keyOf(row)) ?? 0) + 1);
    for (const [_id, n] of used) await months.updateOne({ _id }, { $inc: { 'emails.used': n } }, { session });
    await messages.deleteMany(over, { session });
  });
}

/** Sent, or uncertain: the mail may have arrived. */
function hasLeft(state: Message['state']): boolean {
  return state === 'sent' || state === 'uncertain';
}

function monthOfRow({ account, counts_for = '' }: Message): readonly [number, string] {
  return [account, counts_for];
}

function keyOf(row: Message): string {
  return idOf(...monthOfRow(row));
}
