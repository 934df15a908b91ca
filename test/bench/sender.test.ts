import { expect, onTestFinished, test } from 'vitest';
import { ownSink } from '../../bench/receiver/sink.js';
import { type SendingOrder, sendingProcess } from '../../bench/sender/sender.js';

const MAILS = 50;

test.each<SendingOrder['side']>([
  'everpost',
  'untracked',
  'rsa',
  'rsa and ed25519',
  'nodemailer',
  'nodemailer, small mail',
])('%s sends each mail once', async (side) => {
  const sink = await ownSink();
  onTestFinished(sink.stop);
  const sender = sendingProcess(side);
  onTestFinished(sender.stop);
  const run = await sender.run({ url: sink.url, connections: 3, mails: MAILS });
  expect(await sink.count()).toBe(MAILS);
  const readers = (await sink.accepted()).map(({ to }) => to);
  expect(new Set(readers)).toEqual(new Set(Array.from({ length: MAILS }, (_, n) => `reader${n + 1}@example.test`)));
  expect(run.seconds).toBeGreaterThan(0);
  expect(run.cpu).toBeGreaterThan(0);
});

test('a run that the receiver refuses fails', async () => {
  const sink = await ownSink();
  const { url } = sink;
  await sink.stop();
  const sender = sendingProcess('everpost');
  onTestFinished(sender.stop);
  await expect(sender.run({ url, connections: 1, mails: 1 })).rejects.toThrow('sending ended with 1');
});
