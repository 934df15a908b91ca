import fc from 'fast-check';
import { messages } from '../../../store/messages/messages.js';
import type { Store } from '../../../store/mongo/connect.js';
import { fastStore } from '../fast-store.js';
import type { Fault, Mutation, ReadFault } from '../network.js';
import type { Resolution } from '../receiver.js';
import { checkAlways, checkEnd } from './invariants.js';
import { aGroupModel, type GroupModel, messagesIn } from './model.js';
import { act } from './operations.js';
import { isParked } from './process.js';
import { applyLate, recover } from './recovery.js';

type Operation = (model: GroupModel) => Promise<unknown> | unknown;

const none = fc.constant([]);
const faults = fc.oneof(
  { weight: 4, arbitrary: none },
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom<Fault>('ok', 'drop', 'deaf', 'late', 'twice', 'hang', 'part', 'part'), {
      minLength: 1,
      maxLength: 2,
    }),
  },
);
const readFaults = fc.oneof(
  { weight: 2, arbitrary: none },
  { weight: 1, arbitrary: fc.array(fc.constantFrom<ReadFault>('drop', 'stale'), { minLength: 1, maxLength: 2 }) },
);

/** Most actions are of all messages at once, so that their writes travel together. */
const masks = fc.oneof(
  { weight: 3, arbitrary: fc.constant(7) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 7 }) },
);

const acts = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 }), masks, faults, readFaults).map(
  ([at, dice, mask, trouble, readTrouble]): Operation =>
    (model) => {
      const process = model.processes[at];
      if (process !== undefined && !isParked(process)) {
        process.faults.splice(0, Number.POSITIVE_INFINITY, ...trouble);
        process.readFaults.splice(0, Number.POSITIVE_INFINITY, ...readTrouble);
      }
      return act(model, at, dice, mask);
    },
);
const RESOLUTIONS: readonly Resolution[] = [
  'accept',
  'accept',
  'refuse',
  'defer',
  'drop_accepted',
  'drop_lost',
  'before',
];
const resolves = fc.tuple(fc.constantFrom(...RESOLUTIONS), fc.nat({ max: 2 })).map(
  ([how, more]): Operation =>
    ({ receiver }) => {
      for (let i = 0; i <= more && receiver.open.length > 0; i++) receiver.resolve(0, how);
    },
);
const deliveries = fc.tuple(fc.nat({ max: 5 }), fc.boolean()).map(
  ([which, again]): Operation =>
    async ({ underway }) => {
      if (underway.length === 0) return;
      const at = which % underway.length;
      const [late] = again ? underway.slice(at, at + 1) : underway.splice(at, 1);
      if (late !== undefined) await applyLate(late);
    },
);
const cancels = fc.nat({ max: 2 }).map(
  (which): Operation =>
    ({ store, ids }) =>
      messages(store).cancel(7, ids[which] ?? ''),
);
const timeIsOver = fc.nat({ max: 2 }).map(
  (which): Operation =>
    ({ store, ids }) =>
      messagesIn(store).updateOne({ _id: ids[which] ?? '' }, { $set: { expires_at: new Date(0) } }),
);

const operations = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: acts },
    { weight: 5, arbitrary: resolves },
    { weight: 3, arbitrary: deliveries },
    { weight: 1, arbitrary: fc.oneof(cancels, timeIsOver) },
  ),
  { maxLength: 50, size: 'max' },
);

/** Runs any operations of two processes on the same messages, then stops the faults (docs/architecture/protocol.md). */
export function groupsHold(store: Store, mutation: Mutation) {
  return fc.asyncProperty(fc.integer({ min: 2, max: 3 }), fc.boolean(), operations, async (count, resends, list) => {
    const model = await aGroupModel({ store: fastStore(store), mutation, count, resends });
    for (const operation of list) {
      await operation(model);
      await checkAlways(model);
    }
    await recover(model);
    await checkEnd(model);
    for (const write of [...model.underway, ...model.underway]) await applyLate(write);
    while (model.receiver.open.length > 0) model.receiver.resolve(0, 'drop_accepted');
    await checkEnd(model);
  });
}
