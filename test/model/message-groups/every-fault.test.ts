import { expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import { ownStore } from '../../support/store/own-store.js';
import { fastStore } from '../fast-store.js';
import type { Fault, Mutation } from '../network.js';
import { checkAlways, checkEnd } from './invariants.js';
import { aGroupModel, type GroupModel } from './model.js';
import { MUTANTS } from './mutants.js';
import { claim, hand, overtake, publish, settle } from './operations.js';
import { type Process, resumeAll } from './process.js';
import { applyLate, recover } from './recovery.js';

const store = ownStore();

const nothing = async (): Promise<undefined> => undefined;

type Phase = 'claim' | 'settle' | 'publish';

/** What another process, or the sender, does to one of the messages before the command is answered. */
const RIVALS: Readonly<Record<string, (model: GroupModel, other: Process) => Promise<unknown>>> = {
  none: nothing,
  'a rival sends one': async (model, other) => {
    const one = (await model.rows()).slice(1, 2);
    await claim(model, other, one);
    hand(model, other, one);
  },
  'a rival takes one over': async (model, other) => overtake(model, other, (await model.rows()).slice(1, 2)),
  'one is cancelled': ({ store, ids }) => messages(store).cancel(7, ids[1] ?? ''),
};

const FIRST: readonly Fault[] = ['ok', 'drop', 'deaf', 'late', 'twice', 'hang', 'part'];
const SECOND: readonly Fault[] = ['ok', 'deaf', 'part'];
const PHASES: readonly Phase[] = ['claim', 'settle', 'publish'];
const STEPS = { claim, settle, publish };

interface Scenario {
  readonly phase: Phase;
  readonly faults: readonly Fault[];
  readonly rival: keyof typeof RIVALS;
}

/** Three messages through claim, outcome and publishing; the faults meet the commands of one phase. */
async function run({ phase, faults, rival }: Scenario, mutation: Mutation = {}): Promise<void> {
  const model = await aGroupModel({ store: fastStore(store), mutation, count: 3, resends: false });
  const [process, other] = model.processes;
  if (process === undefined || other === undefined) throw new Error('two processes');
  for (const each of PHASES) {
    const rows = await model.rows();
    const meets = each === phase ? (RIVALS[rival] ?? nothing) : nothing;
    const hangs = faults[0] === 'hang';
    if (each === phase) {
      process.faults.push(...faults);
      // The deciding reads of two rows fail once.
      process.readFaults.push('drop', 'drop');
    }
    if (!hangs) await meets(model, other);
    await STEPS[each](model, process, rows);
    if (hangs) await meets(model, other);
    await resumeAll(process);
    process.faults.length = 0;
    await checkAlways(model);
    hand(model, process, rows);
    while (model.receiver.open.length > 0) model.receiver.resolve(0, 'accept');
  }
  await recover(model);
  await checkEnd(model);
  for (const write of [...model.underway, ...model.underway]) await applyLate(write);
  await checkEnd(model);
}

const CASES = PHASES.flatMap((phase) => FIRST.map((fault) => [phase, fault] as const));

/** The scenarios of a case that break an invariant, and how. */
async function broken(phase: Phase, first: Fault, mutation: Mutation = {}) {
  const rivals = phase === 'publish' ? ['none'] : Object.keys(RIVALS);
  const scenarios = SECOND.flatMap((second) => rivals.map((rival) => ({ phase, faults: [first, second], rival })));
  const results = await Promise.all(
    scenarios.map((scenario) =>
      run(scenario, mutation).then(nothing, (error) => ({ ...scenario, error: String(error) })),
    ),
  );
  return results.filter((result) => result !== undefined);
}

test.concurrent.for(CASES)('the commands of a %s may have any fate: %s first', async ([phase, first]) => {
  expect(await broken(phase, first)).toEqual([]);
});

test.concurrent.for<[string, Phase, Fault]>([
  ['a command without an error counts for each of its claims', 'claim', 'ok'],
  ['an unknown outcome is believed', 'settle', 'part'],
  ['the sweep ends before the events are appended', 'publish', 'ok'],
])('a mutant is caught: %s', async ([name, phase, first]) => {
  expect(await broken(phase, first, MUTANTS[name])).not.toEqual([]);
});
