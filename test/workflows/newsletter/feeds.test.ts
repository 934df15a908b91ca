import { gzipSync } from 'node:zlib';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { aList, aSubscriber } from '../../support/api/api.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { aFeed, type Page, webServer } from '../../support/scripted/web-server.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;
const LIMIT = 120_000;
let everpost: DraftEverpost;
let site: Awaited<ReturnType<typeof webServer>>;
let list: number;

beforeAll(async () => {
  everpost = await draftEverpost({}, { environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  site = await webServer(aFeed());
  await everpost.startWorker();
  list = await aList(everpost.api);
  await aSubscriber(everpost.api, list, { first_name: 'Alice' });
});
afterAll(async () => {
  await everpost?.close();
  await site?.close();
});

const call = async (route: string, payload?: object) =>
  (await everpost.api.call(route.replace(' ', ' /api/v1'), payload === undefined ? {} : { payload })).json();

async function aNewsletter(source: object = {}): Promise<number> {
  const schedule = { cron: '0 * * * *', end_at: now().toISOString(), lead_minutes: 1 };
  const fields = { name: 'Acme weekly', list_id: list, schedule, source: { kind: 'feed', url: site.url, ...source } };
  return (await call('POST /newsletters', fields)).data.id;
}

/** An issue of the feed as the site serves it now, with its mail. */
async function anIssue(newsletter: number, hoursAgo: number) {
  const scheduled_at = new Date(Math.floor(now().getTime() / HOUR - hoursAgo) * HOUR).toISOString();
  const { id } = (await call(`POST /newsletters/${newsletter}/trigger`, { scheduled_at })).data;
  const read = async () =>
    (await call(`GET /newsletters/${newsletter}/issues`)).data.find((one: { id: string }) => one.id === id);
  await until(async () => !['preparing', 'launched'].includes((await read()).state), LIMIT);
  return { ...(await read()), mail: await PostalMime.parse(everpost.receiver.accepted.at(-1)?.raw ?? '') };
}

/** `count` items, the oldest first. */
const oldestFirst = (count: number) =>
  Array.from(
    { length: count },
    (_, n) => `<item><title>Item ${n}.</title><pubDate>${new Date(n * HOUR).toUTCString()}</pubDate></item>`,
  ).join('');
const rss = (items: string, title = 'Acme blog') => `<rss><channel><title>${title}</title>${items}</channel></rss>`;
const shows =
  (body: string | Buffer, headers: Record<string, string> = {}): Page =>
  (response) =>
    response.writeHead(200, headers).end(body);
const itemsIn = (text = '') => [...new Set(Array.from(text.matchAll(/Item (\d+)\./g), ([, n]) => Number(n)))];

test('of 14 new items the newest ten are sent, the other four come in the next issue', async () => {
  const tag = '"14"';
  site.show((response, { headers }) => {
    if (headers['if-none-match'] === tag) response.writeHead(304).end();
    else response.writeHead(200, { etag: tag }).end(rss(oldestFirst(14)));
  });
  const newsletter = await aNewsletter();
  const first = await anIssue(newsletter, 1);
  expect(first).toMatchObject({ state: 'sent', items_sent: 10, items_left: 4 });
  expect(itemsIn(first.mail.html)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
  const second = await anIssue(newsletter, 2);
  expect(second).toMatchObject({ state: 'sent', items_sent: 4, items_left: 0 });
  expect(itemsIn(second.mail.html)).toEqual([3, 2, 1, 0]);
  expect(await anIssue(newsletter, 3)).toMatchObject({ state: 'skipped', reason: 'nothing_new', items_sent: null });
  expect(site.asked.at(-1)?.headers['if-none-match']).toBe(tag);
});

test('a newsletter that skips what does not fit reports it and does not send it later', async () => {
  site.show(shows(rss(oldestFirst(14))));
  const newsletter = await aNewsletter({ overflow: 'skip' });
  expect(await anIssue(newsletter, 1)).toMatchObject({ state: 'sent', items_sent: 10, items_left: 4 });
  expect(await anIssue(newsletter, 2)).toMatchObject({ state: 'skipped', reason: 'nothing_new' });
});

test('an issue fills the line above the first heading, the preview line and the subject', async () => {
  const item = (title: string) => `<item><title>${title}</title><description>About ${title}.</description></item>`;
  site.show(shows(rss(item('Tulips') + item('Roses'))));
  const { mail } = await anIssue(await aNewsletter(), 1);
  expect(mail.subject).toBe('Tulips · Roses');
  const shown = mail.html?.replace(/<style[\s\S]*?<\/style>|<title[\s\S]*?<\/title>/g, '') ?? '';
  expect(shown.indexOf('About Tulips.')).toBeLessThan(shown.indexOf('<h2'));
  expect(shown.indexOf('Acme blog · ')).toBeLessThan(shown.indexOf('<h2'));
  expect(mail.text).toContain('Acme blog · ');
});

test('a feed in windows-1252, compressed without being asked, reaches the reader as it was written', async () => {
  const title = Buffer.from('tr\xe8s \x805', 'latin1').toString('latin1');
  const xml = `<?xml version="1.0" encoding="windows-1252"?>${rss(`<item><title>${title}</title></item>`)}`;
  site.show(shows(gzipSync(Buffer.from(xml, 'latin1')), { 'content-type': 'application/xml' }));
  const { mail, subject } = await anIssue(await aNewsletter(), 1);
  expect([subject, mail.subject]).toEqual(['très €5', 'très €5']);
  expect(mail.html).toContain('très €5');
});

test('an item without a title is sent with the beginning of its text and an absolute link', async () => {
  site.show(shows(rss('<item><description>Tulips bloom early.</description><link>/blog/x.html</link></item>')));
  const { mail, state, campaign_id } = await anIssue(await aNewsletter(), 1);
  expect(state).toBe('sent');
  const { deps, account } = everpost.api;
  expect((await deps.campaigns.find(account, campaign_id))?.html).toContain(`href="${site.url}blog/x.html"`);
  expect(mail.subject).toBe('Tulips bloom early.');
});
