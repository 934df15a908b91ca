import { FINAL_STATES, type MessageState } from '../../../domain/message/message.js';
import { messageProgress } from '../../../store/messages/progress.js';
import type { Message } from '../../../store/messages/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { type FastStore, readAfterWrites } from '../fast-store.js';
import { type Connection, type Mutation, type Underway, unreliableStore } from '../network.js';
import { type Receiver, type Reply, receiver } from '../receiver.js';

/** A lease that treats every claim as abandoned, also that of a live owner. */
export const WRONG_LEASE = -60_000;
const FAIR_LEASE = 3_600_000;

/** An owner of the message, over a connection that may fail. */
export interface Owner {
  readonly connection: Connection;
  readonly store: Store;
  readonly token: string;
  state: 'idle' | 'owning' | 'dead';
  /** The row as read before the claim. */
  row: Message | undefined;
  /** The result of the mail; `open` until it is known. */
  known: Reply | 'open' | undefined;
}

export interface MessageModel {
  readonly store: FastStore;
  readonly row: () => Promise<Message>;
  readonly id: string;
  readonly mutation: Mutation;
  readonly underway: Underway;
  readonly receiver: Receiver;
  readonly owners: Owner[];
  /** Crashed owners; their last write may still hang. */
  readonly dead: Owner[];
  tokens: number;
}

export function messageModel(store: FastStore, id: string, mutation: Mutation): MessageModel {
  const model = {
    store,
    row: readAfterWrites(store, () => readRow(store, id)),
    id,
    mutation,
    underway: [],
    receiver: receiver(),
    owners: [],
    dead: [],
    tokens: 0,
  } as MessageModel;
  model.owners.push(anOwner(model), anOwner(model));
  return model;
}

export function anOwner(model: MessageModel): Owner {
  model.tokens += 1;
  const connection: Connection = { faults: [] };
  const store = unreliableStore(model.store, connection, model.underway, model.mutation);
  return { connection, store, token: `token-${model.tokens}`, state: 'idle', row: undefined, known: undefined };
}

export const open = (owner: Owner, lease = FAIR_LEASE) => messageProgress(owner.store, lease);
export const alive = (owner: Owner) => () => owner.state !== 'dead';

export const rowOf = ({ row }: MessageModel): Promise<Message> => row();

async function readRow(store: Store, id: string): Promise<Message> {
  const row = await store.ledger.collection<Message>('messages').findOne({ _id: id });
  if (row === null) throw new Error('the message is gone');
  return row;
}

/** The invariants for messages (docs/architecture/protocol.md "Invariants"). */
export class Broken extends Error {
  override readonly name = 'Broken';
  constructor(invariant: number | 'of trust' | 'of the bound', what: string) {
    super(`invariant ${invariant}: ${what}`);
  }
}

const NOT_ACCEPTED: readonly MessageState[] = ['accepted', 'failed', 'cancelled'];

/** Checks the invariants that hold at any time, against the receiver. */
export async function checkMessage(model: MessageModel): Promise<void> {
  checkRow(await rowOf(model), model.receiver, 1);
}

/** `id`: the message's number at the receiver. */
export function checkRow(row: Message, receiver: Receiver, id: number): void {
  const keys = [...receiver.everHanded()].map((key) => key.split(':').map(Number));
  const attempts = keys.filter(([, of]) => of === id).map(([attempt = 0]) => attempt);
  const sum = (count: (attempt: number) => number) => attempts.reduce((all, attempt) => all + count(attempt), 0);
  const handed = sum((attempt) => receiver.handed(attempt, id));
  const accepted = sum((attempt) => receiver.accepted(attempt, id));
  if (handed > (row.resent ? 2 : 1)) throw new Broken(1, `handed over ${handed} times, re-sent: ${row.resent}`);
  if (row.state === 'sent' && accepted === 0) throw new Broken(2, 'sent, and the receiver has no mail');
  const notAccepted = NOT_ACCEPTED.includes(row.state) || (row.state === 'deferred' && !row.resent);
  if (notAccepted && accepted > 0) throw new Broken(2, `${row.state}, and the receiver has it`);
}

export async function checkEnd(model: MessageModel): Promise<void> {
  const { state } = await rowOf(model);
  if (!FINAL_STATES.includes(state)) throw new Broken(7, `after the faults have stopped it is ${state}`);
  await checkMessage(model);
}
