import { expect } from 'vitest';
import { FINAL_STATES } from '../../../domain/message/message.js';
import type { Event } from '../../../store/events/events.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import type { TestCluster } from './test-cluster.js';

/** Waits until every message is in a final state with its events published. */
export async function untilAllEnded({ store, untilTrue }: TestCluster, count: number): Promise<void> {
  const ended = { state: { $in: FINAL_STATES }, sweep_at: null };
  await untilTrue(async () => (await majorityCollection<Message>(store, 'messages').countDocuments(ended)) === count);
}

/**
 * Compares the rows with the receiving server id by id, for messages at rest: every key that was answered is one row
 * under the id it was answered with, what is sent arrived once, what is uncertain once or not, and nothing else arrived.
 */
export async function expectMessagesMatchReceiver(
  cluster: TestCluster,
  answered: ReadonlyMap<string, string>,
): Promise<Message[]> {
  const rows = await majorityCollection<Message>(cluster.store, 'messages').find().toArray();
  expect(new Map(rows.map(({ key, _id }) => [key, _id]))).toEqual(new Map(answered));
  expect(rows).toHaveLength(answered.size);
  const arrivals = arrivalsOf(cluster);
  const mismatches = rows.filter((row) => !matchesArrivals(row, arrivals.get(nameOf(row)) ?? 0));
  expect(mismatches).toEqual([]);
  const known = new Set(rows.map(nameOf));
  expect([...arrivals.keys()].filter((name) => !known.has(name))).toEqual([]);
  await expectPublished(cluster, rows);
  return rows;
}

/** The Message-ID says which message it is, the envelope to whom it went: both must be the row's. */
function nameOf({ _id, from_domain, to }: Message): string {
  return `<${_id}@${from_domain}> ${to.email}`;
}

function arrivalsOf({ receiver }: TestCluster): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const { messageId, to } of receiver.accepted) {
    // `ledger-check.ts` compares the mails of campaigns.
    if (!isOfMessage(messageId)) continue;
    const name = `${messageId} ${to.join()}`;
    arrivals.set(name, (arrivals.get(name) ?? 0) + 1);
  }
  return arrivals;
}

function matchesArrivals({ state, attempt }: Message, arrived: number): boolean {
  if (state === 'sent') return arrived === 1;
  if (state === 'uncertain') return arrived <= 1 && attempt > 0;
  return arrived === 0 && FINAL_STATES.includes(state);
}

/** That it was accepted, one event for each entry of its timeline, and none besides. */
async function expectPublished({ store }: TestCluster, rows: readonly Message[]): Promise<void> {
  const published = await store.db
    .collection<Event>('events')
    .find({ type: /^message\./ })
    .toArray();
  const entries = rows.flatMap(({ _id, attempts }) =>
    ['accepted', ...attempts.keys()].map((what) => `message:${_id}:${what}`),
  );
  expect(published.map(({ _id }) => _id).sort()).toEqual(entries.sort());
}

/** Messages have a UUID before the @, mails of campaigns do not. */
export function isOfMessage(messageId: string): boolean {
  return /^<[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}@/.test(messageId);
}
