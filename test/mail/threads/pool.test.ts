import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { threadPool } from '../../../mail/threads/pool.js';

/** A program whose job `forever` never ends, on any machine. */
const PROGRAM = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (job) => {
    while (job === 'forever');
    parentPort.postMessage({ kind: 'done', result: job });
  });
  parentPort.postMessage({ kind: 'ready' });
`;

const opened: Worker[] = [];
const open = () => {
  const worker = new Worker(PROGRAM, { eval: true });
  opened.push(worker);
  return worker;
};
const limits = { threads: 1, time: 1_000, waiting: 10, idle: 30_000 };
const pool = threadPool<string, string>({ open, field: 'template' }, limits);
afterAll(() => pool.close());

test('a job that overruns is refused and its thread replaced; the next job is done', { timeout: 40_000 }, async () => {
  const [refused, served] = await Promise.allSettled([pool.run(1, 'forever'), pool.run(1, 'ordinary')]);
  expect(refused).toMatchObject({
    status: 'rejected',
    reason: {
      code: 'template_too_complex',
      errors: { template: [expect.stringContaining('too much time')] },
    },
  });
  expect(served).toEqual({ status: 'fulfilled', value: 'ordinary' });
  expect(opened).toHaveLength(2);
});

test('accounts take turns: the jobs of one account do not delay another by more than one', async () => {
  const ended: string[] = [];
  const run = (account: number, job: string) => pool.run(account, job).then((result) => void ended.push(result));
  const many = Array.from({ length: 8 }, (_, n) => run(1, `many ${n}`));
  await Promise.all([...many, run(2, 'one'), run(3, 'other')]);
  expect(ended.slice(0, 5)).toEqual(['many 0', 'many 1', 'one', 'other', 'many 2']);
});

test('a full queue refuses the newest job of the account that has most jobs in it', async () => {
  const small = threadPool<string, string>({ open, field: 'template' }, { ...limits, waiting: 3 });
  const many = Array.from({ length: 5 }, (_, n) => small.run(1, `many ${n}`));
  const others = [small.run(2, 'one'), small.run(2, 'two')];
  const fates = await Promise.allSettled([...many, ...others]);
  expect(fates.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    ...['fulfilled', 'rejected'],
  ]);
  expect(fates[3]).toMatchObject({ reason: { code: 'unavailable' } });
  await small.close();
});
