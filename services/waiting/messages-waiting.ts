import { now } from '../../clock.js';
import { acceptedEventId } from '../../domain/message/message.js';
import { type MessageFacts, messageNeedsFacts, messageWaiting } from '../../domain/waiting/message-waiting.js';
import type { Waiting } from '../../domain/waiting/waiting.js';
import type { Message } from '../../store/messages/row.js';
import type { Stores } from '../../store/stores.js';
import { accountRoutes, type RouteStores } from './account-routes.js';

export type MessageWaitingStores = RouteStores & Pick<Stores, 'events' | 'messageProgress'>;

/** What each of an account's messages waits for, by id; those that move or are final are missing. Four reads at most. */
export async function messagesWaiting(
  stores: MessageWaitingStores,
  account: number,
  rows: readonly Message[],
): Promise<ReadonlyMap<string, Waiting>> {
  const at = now();
  const facts = await factsOf(
    stores,
    account,
    rows.filter((row) => messageNeedsFacts(row, at)),
  );
  return new Map(
    rows.flatMap((row) => {
      const waiting = messageWaiting(row, at, facts?.(row));
      return waiting === null ? [] : [[row._id, waiting]];
    }),
  );
}

async function factsOf(
  { events, messageProgress, ...stores }: MessageWaitingStores,
  account: number,
  rows: readonly Message[],
): Promise<((row: Message) => MessageFacts) | undefined> {
  if (rows.length === 0) return undefined;
  const sending = rows.filter(({ state }) => state === 'sending').map(({ _id }) => _id);
  const due = rows.filter(({ state }) => state !== 'sending');
  const [silent, taken, routes] = await Promise.all([
    sending.length === 0 ? new Map<string, Date>() : messageProgress.silentAmong(sending),
    due.length === 0 ? new Set<string>() : events.existing(due.map(({ _id }) => acceptedEventId(_id))),
    due.length === 0 ? { routes: [], rates: [], usedUp: undefined } : accountRoutes(stores, account, 'transactional'),
  ]);
  return ({ _id, attempt }) => ({
    ...routes,
    decidedAt: silent.get(_id),
    wasTaken: attempt > 0 || taken.has(acceptedEventId(_id)),
  });
}
