import { expect, test } from 'vitest';
import { type SweepPart, sweepPass } from '../../../activities/sweep/pass.js';
import { sweepRecords } from '../../../store/monitoring/sweep-record.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const records = () => sweepRecords(store);
const quiet = () => ({ heartbeat: () => undefined, log: { warn: () => undefined }, sweepRecords: records() });

test('a part that fails or never ends does not stop the next ones, and is not started twice', async () => {
  const begun: string[] = [];
  const part = (name: string, work: () => Promise<void>): SweepPart => [
    name,
    () => {
      begun.push(name);
      return work();
    },
  ];
  const parts = [
    part('fails', () => Promise.reject(new Error('no'))),
    part('hangs', () => new Promise(() => undefined)),
    part('works', async () => undefined),
  ];
  const pass = sweepPass(quiet(), parts, 50);
  await pass();
  expect(begun).toEqual(['fails', 'hangs', 'works']);
  await pass();
  expect(begun.slice(3)).toEqual(['fails', 'works']);
});

test('a pass records its end, and since when which parts fail or still run', async () => {
  expect(await records().last()).not.toBeNull();
  let error: string | undefined = 'one';
  const part: SweepPart = ['mends', () => (error === undefined ? Promise.resolve() : Promise.reject(new Error(error)))];
  const hangs: SweepPart = ['stays', () => new Promise(() => undefined)];
  const pass = sweepPass(quiet(), [part, hangs], 50);
  await pass();
  const first = await records().last();
  expect(first).toMatchObject({
    troubles: [
      { part: 'mends', error: 'Error: one' },
      { part: 'stays', error: null },
    ],
  });
  expect(first?.troubles.map(({ since }) => since)).toEqual([first?.ended_at, first?.ended_at]);
  error = '$two';
  await pass();
  const second = await records().last();
  expect(second?.ended_at.getTime()).toBeGreaterThan(first?.ended_at.getTime() ?? 0);
  expect(second?.troubles).toEqual([{ ...first?.troubles[0], error: 'Error: $two' }, first?.troubles[1]]);
  error = undefined;
  await pass();
  expect((await records().last())?.troubles).toEqual([first?.troubles[1]]);
});
