import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMailbox } from '../../../servers/catcher/mailbox.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everpost-mailbox-'));
});
afterEach(() => rm(folder, { recursive: true }));

const envelope = (to: string) => ({ from: 'a@b.test', to: [to], subject: '', receivedAt: 1 });

test('thousands of mails at once come out under their own recipient, page by page', async () => {
  const mailbox = await openMailbox(folder);
  const numbers = Array.from({ length: 5000 }, (_, index) => index);
  await Promise.all(numbers.map((n) => mailbox.append(envelope(`user${n}@b.test`), Buffer.from(`mail ${n}`))));
  expect(mailbox.count()).toBe(5000);
  const seen = new Set<string>();
  for (let page = 1; page <= 5; page++) {
    const { mails, total } = await mailbox.page({ page, perPage: 1000 });
    expect(total).toBe(5000);
    for (const mail of mails) seen.add(`${mail.to[0]} ${(await mailbox.raw(mail)).toString()}`);
  }
  expect(seen).toEqual(new Set(numbers.map((n) => `user${n}@b.test mail ${n}`)));
  const found = await mailbox.page({ to: 'USER499', page: 2, perPage: 5 });
  expect(found.total).toBe(11);
  expect(found.mails.map(({ to }) => to[0])).toHaveLength(5);
  await mailbox.close();
});

test('half a line left by a crash is cut off, and the next mail stands behind the last whole one', async () => {
  const first = await openMailbox(folder);
  await first.append(envelope('kept@b.test'), Buffer.from('kept'));
  await first.close();
  await appendFile(join(folder, 'index'), '{"from":"a@b.te');
  const second = await openMailbox(folder);
  expect(second.count()).toBe(1);
  await second.append(envelope('"quoted \\"name"@b.test'), Buffer.from('new'));
  const { mails } = await second.page({ to: 'quoted \\"name', page: 1, perPage: 10 });
  expect(mails.map(({ id }) => id)).toEqual([2]);
  expect(await second.find(3)).toBeUndefined();
  await second.close();
});
