import fc from 'fast-check';
import { now } from '../../../clock.js';
import { stepOfLostOwner } from '../../../domain/message-step.js';
import type { Store } from '../../../store/connect.js';
import type { Message } from '../../../store/messages-row.js';
import { aMessage } from '../../support/messages.js';
import { type Bend, type Fault, quick, resume } from '../network.js';
import type { Resolution } from '../receiver.js';
import { act, cancel, claim, hand, settle } from './deeds.js';
import { anOwner, checkEnd, checkMessage, type MessageWorld, messageWorld, open, rowOf, WRONG_LEASE } from './world.js';

type Deed = (world: MessageWorld) => Promise<unknown> | unknown;

const faults = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault[]>([]) },
  { weight: 3, arbitrary: fc.array(fc.constantFrom<Fault>('drop', 'deaf', 'late', 'twice', 'hang'), { maxLength: 2 }) },
);

const acts = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 }), faults).map(
  ([at, dice, trouble]): Deed =>
    (world) => {
      const line = world.owners[at]?.line;
      if (line !== undefined && line.operation === undefined)
        line.faults.splice(0, Number.POSITIVE_INFINITY, ...trouble);
      return act(world, at, dice);
    },
);
const resolves = fc
  .constantFrom<Resolution>('accept', 'accept', 'refuse', 'defer', 'drop_accepted', 'drop_lost', 'before')
  .map(
    (how): Deed =>
      ({ receiver }) => {
        if (receiver.open.length > 0) receiver.resolve(0, how);
      },
  );
const deliveries = fc.tuple(fc.nat({ max: 5 }), fc.boolean()).map(
  ([which, again]): Deed =>
    async ({ underway }) => {
      if (underway.length === 0) return;
      const at = which % underway.length;
      const [late] = again ? underway.slice(at, at + 1) : underway.splice(at, 1);
      await late?.();
    },
);
const cancels = fc.constant<Deed>(cancel);
const timeIsOver = fc.constant<Deed>(({ store, id }) =>
  rows(store).updateOne({ _id: id }, { $set: { expires_at: new Date(0) } }),
);

const deeds = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: acts },
    { weight: 6, arbitrary: resolves },
    { weight: 3, arbitrary: deliveries },
    { weight: 1, arbitrary: fc.oneof(cancels, timeIsOver) },
  ),
  { maxLength: 60, size: 'max' },
);

/** Any deeds in any order, then faults stop: nobody is mailed twice unasked, and what is in doubt says so. */
export function messagesHold(store: Store, bend: Bend) {
  return fc.asyncProperty(fc.boolean(), deeds, async (resend_if_uncertain, list) => {
    const row = aMessage({ resend_if_uncertain });
    await rows(quick(store)).insertOne(row);
    const world = messageWorld(quick(store), row._id, bend);
    for (const deed of list) {
      await deed(world);
      await checkMessage(world);
    }
    await heal(world);
    await checkEnd(world);
    for (const write of [...world.underway, ...world.underway]) await write();
    while (world.receiver.open.length > 0) world.receiver.resolve(0, 'drop_accepted');
    await checkEnd(world);
  });
}

/** Everybody dies, half of what was on its way arrives, and one healthy owner looks after the message (invariant 7). */
async function heal(world: MessageWorld): Promise<void> {
  const all = [...world.owners, ...world.dead];
  for (const owner of all) owner.state = 'dead';
  for (const { line } of all) {
    line.faults.length = 0;
    while (line.parked !== undefined) await resume(line);
    await line.operation;
  }
  for (const write of world.underway.splice(0, Math.ceil(world.underway.length / 2))) await write();
  for (let turn = 0; turn < 6; turn++) await bringOn(world);
}

async function bringOn(world: MessageWorld): Promise<void> {
  const row = await rowOf(world);
  const owner = anOwner(world);
  world.owners[0] = owner;
  if (row.state === 'sending') {
    const mayResend = row.resend_if_uncertain && !row.resent;
    await open(owner, WRONG_LEASE).overtake(row, stepOfLostOwner({ n: row.attempt, at: now(), mayResend }, 0));
    return;
  }
  if (row.state !== 'accepted' && row.state !== 'deferred') return;
  if (row.expires_at <= now()) {
    await act(world, 0, 99);
    return;
  }
  await claim(world, owner, row);
  hand(world, owner);
  world.receiver.resolve(world.receiver.open.length - 1, 'accept');
  await settle(world, 0, owner);
}

function rows(store: Store) {
  return store.ledger.collection<Message>('messages');
}
