import type { StoredEvent } from '../../../store/events/events.js';
import type { Message } from '../../../store/messages/row.js';
import { aMessage } from '../../support/store/messages.js';
import { type FastStore, readAfterWrites } from '../fast-store.js';
import type { Mutation } from '../network.js';
import { type Receiver, receiver } from '../receiver.js';
import { aProcess, type Process, type ProcessContext } from './process.js';

type EventIds = ReadonlySet<string>;

/** Several messages, the processes that compete for them, and the receiver. */
export interface GroupModel extends ProcessContext {
  readonly ids: readonly string[];
  readonly receiver: Receiver;
  readonly processes: Process[];
  /** Crashed processes; their last writes may still hang. */
  readonly dead: Process[];
  /** The rows in the order of `ids`, and the ids of their events. */
  readonly rows: () => Promise<Message[]>;
  readonly eventIds: () => Promise<EventIds>;
  tokens: number;
}

interface GroupPlan {
  readonly store: FastStore;
  readonly mutation: Mutation;
  readonly count: number;
  readonly resends: boolean;
}

export async function aGroupModel({ store, mutation, count, resends }: GroupPlan): Promise<GroupModel> {
  const first = Array.from({ length: count }, () => aMessage({ resend_if_uncertain: resends }));
  const ids = first.map(({ _id }) => _id);
  await messagesIn(store).insertMany(first);
  const model = {
    store,
    ids,
    mutation,
    underway: [],
    receiver: receiver(),
    processes: [],
    dead: [],
    rows: readAfterWrites(store, () => readRows(store, ids)),
    eventIds: readAfterWrites(store, () => readEventIds(store, ids)),
    earlier: (id) => first.find(({ _id }) => _id === id) ?? null,
    failure: undefined,
    tokens: 0,
  } as GroupModel;
  model.processes.push(aProcess(model), aProcess(model));
  return model;
}

export function messagesIn(store: Pick<FastStore, 'ledger'>) {
  return store.ledger.collection<Message>('messages');
}

async function readRows(store: FastStore, ids: readonly string[]): Promise<Message[]> {
  const found = await messagesIn(store)
    .find({ _id: { $in: [...ids] } })
    .toArray();
  return ids.map((id) => {
    const row = found.find(({ _id }) => _id === id);
    if (row === undefined) throw new Error('a message is gone');
    return row;
  });
}

async function readEventIds({ ledger }: FastStore, ids: readonly string[]): Promise<EventIds> {
  const ranges = ids.map((id) => ({ _id: { $gte: `message:${id}:`, $lt: `message:${id};` } }));
  const found = ledger.collection<StoredEvent>('events').find({ $or: ranges }, { projection: { _id: 1 } });
  return new Set((await found.toArray()).map(({ _id }) => _id));
}

/** The row as it is now, past every fault. */
export async function rowNow(model: GroupModel, id: string): Promise<Message> {
  const row = (await model.rows())[model.ids.indexOf(id)];
  if (row === undefined) throw new Error(`no message ${id}`);
  return row;
}

export function aToken(model: GroupModel): string {
  model.tokens += 1;
  return `token-${model.tokens}`;
}
