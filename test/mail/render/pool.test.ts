import type { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { RENDER_LIMITS, renderer } from '../../../mail/render/pool.js';
import { aJob, htmlTemplate } from '../../support/mail/rendering.js';

const pool = renderer({ ...RENDER_LIMITS, threads: 1, body: 100 });
afterAll(() => pool.close());

const refusal = (field: string, sentence: string, code = 'not_renderable') => ({
  code,
  errors: { [field]: [expect.stringContaining(sentence)] },
});

test('a letter is rendered in another thread; faults and sizes are refused with the field', async () => {
  const { html } = await pool.render(1, aJob());
  expect(html).toContain('Hello {{ first_name }}');
  await expect(pool.render(1, aJob({ template: htmlTemplate('{% if brand.name %}') }))).rejects.toMatchObject(
    refusal('template', 'not closed'),
  );
  await expect(pool.render(1, aJob({ body: { format: 'html', source: 'x'.repeat(101) } }))).rejects.toMatchObject(
    refusal('body', '100 characters'),
  );
});

test('a letter that takes too much time is refused', { timeout: 40_000 }, async () => {
  const hasty = renderer({ ...RENDER_LIMITS, threads: 1, time: 1 });
  await expect(hasty.render(1, aJob())).rejects.toMatchObject(
    refusal('template', 'too much time', 'template_too_complex'),
  );
  await hasty.close();
});

test('a warm pool keeps one thread however long it is idle', { timeout: 40_000 }, async () => {
  const threads: Worker[] = [];
  let onExit: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    onExit = resolve;
  });
  const onThread = (thread: Worker) => threads.push(thread.once('exit', onExit));
  process.on('worker', onThread);
  const warm = renderer({ ...RENDER_LIMITS, threads: 2, idle: 1 });
  try {
    await warm.warmUp();
    await Promise.all([warm.render(1, aJob()), warm.render(1, aJob())]);
    expect(threads).toHaveLength(2);
    await ended;
    await warm.render(1, aJob());
    expect(threads).toHaveLength(2);
  } finally {
    process.off('worker', onThread);
    await warm.close();
  }
});

test('a closed pool takes no more jobs', async () => {
  const closed = renderer();
  await closed.close();
  await expect(closed.render(1, aJob())).rejects.toMatchObject({ code: 'unavailable' });
});
