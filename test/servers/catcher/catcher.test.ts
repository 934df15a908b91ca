import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCatcher, startCatcher } from '../../../servers/catcher/start.js';
import { supervise } from '../../../servers/supervise.js';
import { until } from '../../support/until.js';

const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

let dataDir: string;
let catcher: RunningCatcher;
const start = () => startCatcher({ config: { catcherPort: 0, inboxPort: 0 }, dataDir, report: () => {} });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-catcher-'));
  catcher = await start();
});
afterAll(async () => {
  await catcher.stop();
  await rm(dataDir, { recursive: true });
});

const send = (to: string, subject: string, html = '<p>Hi</p>') =>
  createTransport(catcher.smtpUrl).sendMail({
    from: 'Everpost <news@everpost.test>',
    to,
    subject,
    text: `Hello ${to}\n.a line with a dot`,
    html,
    attachments: [{ filename: 'dot.png', cid: 'dot', content: Buffer.from(PICTURE, 'base64') }],
  });

const get = (path: string, init?: RequestInit) => fetch(catcher.inboxUrl + path, init);
const text = async (path: string) => (await get(path)).text();
const json = async (path: string) => (await get(path)).json() as Promise<unknown>;

interface Shown {
  readonly id: number;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly headers: readonly unknown[];
}
const list = (path: string) => json(path) as Promise<{ data: readonly Shown[]; meta: unknown }>;
const one = async (id: number) => ((await json(`/api/messages/${id}`)) as { data: Shown }).data;

test('what is sent can be counted, listed newest first, searched by recipient and read', async () => {
  await send('anna@example.test', 'Grüße 🌷 aus dem Süden, in einer Zeile, die länger ist als eine im Kopf sein darf');
  await send('Bob@Example.test', 'The second');
  expect(await json('/api/count')).toEqual({ count: 2 });
  const { data, meta } = await list('/api/messages');
  expect(meta).toEqual({ page: 1, per_page: 50, total: 2 });
  expect(data[0]).toMatchObject({ id: 2, from: 'news@everpost.test', subject: 'The second' });
  expect(data[1]?.subject).toBe('Grüße 🌷 aus dem Süden, in einer Zeile, die länger ist als eine im Kopf sein darf');
  const found = await list('/api/messages?to=bob@example');
  expect(found.data.map(({ id }) => id)).toEqual([2]);
  expect(await json('/api/count?to=nobody')).toEqual({ count: 0 });
  const mail = await one(2);
  expect(mail.text).toBe('Hello Bob@Example.test\n.a line with a dot\n');
  expect(mail.headers).toContainEqual({ name: 'Subject', value: 'The second' });
  expect(await text('/api/messages/2/raw')).toContain('\r\nSubject: The second\r\n');
});

test('the pages show list, pages and mail, with everything foreign escaped', async () => {
  await send('eve@example.test', '<script>alert(1)</script>');
  const list = await text('/');
  expect(list).toContain('3 mails');
  expect(list).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(list).not.toContain('<script>alert');
  expect(await text('/?to=%3Cb%3E')).toContain('No mail for <b>&lt;b&gt;</b>');
  const mail = await text('/messages/3');
  expect(mail).toContain('<iframe title="The mail" src="/messages/3/html"');
  expect(mail).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
  expect(await text('/messages/3?view=text')).toContain('Hello eve@example.test');
  expect((await get('/messages/99')).status).toBe(404);
});

test('the HTML of a mail runs no script and loads no remote images unless the reader requests them', async () => {
  await send('dan@example.test', 'Foreign', '<!doctype html><img src="cid:dot"><img src="https://example.test/a.gif">');
  const blocked = await get('/messages/4/html');
  const policy = blocked.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain('img-src data:;');
  expect(policy).toMatch(/sandbox allow-popups/);
  expect(policy).not.toContain('allow-scripts');
  expect(await blocked.text()).toContain(
    `<!doctype html><base target="_blank"><img src="data:image/png;base64,${PICTURE}">`,
  );
  const shown = await get('/messages/4/html?remote=1');
  expect(shown.headers.get('content-security-policy')).toContain('img-src data: https: http:');
});

test('pages of other sites are turned away', async () => {
  const foreign = await get('/api/messages', { method: 'DELETE', headers: { 'sec-fetch-site': 'cross-site' } });
  expect(foreign.status).toBe(403);
  expect(await json('/api/count')).toEqual({ count: 4 });
});

test('supervised, it is there on the same addresses with its mails after kill -9; a second catcher is refused', async () => {
  await expect(start()).rejects.toThrow('in use');
  const { pid } = catcher;
  const supervised = supervise('mail_catcher', catcher, () => {});
  process.kill(pid, 'SIGKILL');
  await until(() => supervised.outage() !== undefined);
  await until(() => supervised.outage() === undefined);
  expect(catcher.pid).not.toBe(pid);
  expect(await json('/api/count')).toEqual({ count: 4 });
  await send('after@example.test', 'After the restart');
  expect(await one(5)).toMatchObject({ to: ['after@example.test'] });
  expect(await one(1)).toMatchObject({ to: ['anna@example.test'] });
});

test('all can be deleted', async () => {
  expect((await get('/api/messages', { method: 'DELETE' })).status).toBe(204);
  expect(await json('/api/messages')).toEqual({ data: [], meta: { page: 1, per_page: 50, total: 0 } });
  await send('again@example.test', 'Again');
  expect((await one(1)).to).toEqual(['again@example.test']);
});
