import { expect, test } from 'vitest';
import { type SweepPart, sweepPass } from '../../../activities/sweep/pass.js';

const quiet = { heartbeat: () => undefined, log: { warn: () => undefined } };

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
  const pass = sweepPass(quiet, parts, 50);
  await pass();
  expect(begun).toEqual(['fails', 'hangs', 'works']);
  await pass();
  expect(begun.slice(3)).toEqual(['fails', 'works']);
});
