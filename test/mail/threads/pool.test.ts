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
  const [refused, served] = await Promise.allSettled([pool.run('forever'), pool.run('ordinary')]);
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
