import fc from 'fast-check';
import { now } from '../../../clock.js';
import { stepOfLostOwner } from '../../../domain/message/step.js';
import type { Message } from '../../../store/messages/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { aMessage } from '../../support/store/messages.js';
import { fastStore } from '../fast-store.js';
import { type Fault, type Mutation, resume } from '../network.js';
import type { Resolution } from '../receiver.js';
import { anOwner, checkEnd, checkMessage, type MessageModel, messageModel, open, rowOf, WRONG_LEASE } from './model.js';
import { act, cancel, claim, hand, settle } from './operations.js';

type Operation = (model: MessageModel) => Promise<unknown> | unknown;

const faults = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault[]>([]) },
  { weight: 3, arbitrary: fc.array(fc.constantFrom<Fault>('drop', 'deaf', 'late', 'twice', 'hang'), { maxLength: 2 }) },
);

const acts = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 }), faults).map(
  ([at, dice, trouble]): Operation =>
    (model) => {
      const connection = model.owners[at]?.connection;
      if (connection !== undefined && connection.operation === undefined)
        connection.faults.splice(0, Number.POSITIVE_INFINITY, ...trouble);
      return act(model, at, dice);
    },
);
const resolves = fc
  .constantFrom<Resolution>('accept', 'accept', 'refuse', 'defer', 'drop_accepted', 'drop_lost', 'before')
  .map(
    (how): Operation =>
      ({ receiver }) => {
        if (receiver.open.length > 0) receiver.resolve(0, how);
      },
  );
const deliveries = fc.tuple(fc.nat({ max: 5 }), fc.boolean()).map(
  ([which, again]): Operation =>
    async ({ underway }) => {
      if (underway.length === 0) return;
      const at = which % underway.length;
      const [late] = again ? underway.slice(at, at + 1) : underway.splice(at, 1);
      await late?.();
    },
);
const cancels = fc.constant<Operation>(cancel);
const timeIsOver = fc.constant<Operation>(({ store, id }) =>
  rows(store).updateOne({ _id: id }, { $set: { expires_at: new Date(0) } }),
);

const operations = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: acts },
    { weight: 6, arbitrary: resolves },
    { weight: 3, arbitrary: deliveries },
    { weight: 1, arbitrary: fc.oneof(cancels, timeIsOver) },
  ),
  { maxLength: 60, size: 'max' },
);

/**
 * Runs any commands in any order, then stops the faults. No recipient is mailed twice unrequested, and unknown results
 * are `uncertain`.
 */
export function messagesHold(store: Store, mutation: Mutation) {
  return fc.asyncProperty(fc.boolean(), operations, async (resend_if_uncertain, list) => {
    const row = aMessage({ resend_if_uncertain });
    await rows(fastStore(store)).insertOne(row);
    const model = messageModel(fastStore(store), row._id, mutation);
    for (const operation of list) {
      await operation(model);
      await checkMessage(model);
    }
    await recover(model);
    await checkEnd(model);
    for (const write of [...model.underway, ...model.underway]) await write();
    while (model.receiver.open.length > 0) model.receiver.resolve(0, 'drop_accepted');
    await checkEnd(model);
  });
}

/** Ends all owners, applies half of the pending writes, and lets one healthy owner finish the message (invariant 7). */
async function recover(model: MessageModel): Promise<void> {
  const all = [...model.owners, ...model.dead];
  for (const owner of all) owner.state = 'dead';
  for (const { connection } of all) {
    connection.faults.length = 0;
    while (connection.parked !== undefined) await resume(connection);
    await connection.operation;
  }
  for (const write of model.underway.splice(0, Math.ceil(model.underway.length / 2))) await write();
  for (let pass = 0; pass < 6; pass++) await advanceOnce(model);
}

async function advanceOnce(model: MessageModel): Promise<void> {
  const row = await rowOf(model);
  const owner = anOwner(model);
  model.owners[0] = owner;
  if (row.state === 'sending') {
    const mayResend = row.resend_if_uncertain && !row.resent;
    await open(owner, WRONG_LEASE).takeOver(row, stepOfLostOwner({ n: row.attempt, at: now(), mayResend }, 0));
    return;
  }
  if (row.state !== 'accepted' && row.state !== 'deferred') return;
  if (row.expires_at <= now()) {
    await act(model, 0, 99);
    return;
  }
  await claim(model, owner, row);
  hand(model, owner);
  model.receiver.resolve(model.receiver.open.length - 1, 'accept');
  await settle(model, 0, owner);
}

function rows(store: Store) {
  return store.ledger.collection<Message>('messages');
}
