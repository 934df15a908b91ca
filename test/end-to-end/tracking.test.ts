import PostalMime from 'postal-mime';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { useClock } from '../../clock.js';
import { aList, aSubscriber } from '../support/api/api.js';
import { APPLE_PRIVACY, visit } from '../support/api/tracking.js';
import { type DraftEverpost, draftEverpost } from '../support/everpost/draft-everpost.js';
import { until } from '../support/until.js';

const READERS = ['ada', 'bo', 'cy', 'di', 'flo'];
const HTML =
  '<p>Hello {{ first_name }}, <a href="https://shop.test/tea?size=1&amp;kind=green">tea</a>, <a href="https://shop.test/cups">cups</a>, <a href="https://shop.test/notes" data-notrack>notes</a></p>';
const SCANNER = { 'user-agent': 'Mozilla/5.0 (compatible; Mimecast URL scanner)' };
const LIMIT = 90_000;

let everpost: DraftEverpost;
let list: number;
/** The recipient whose mail gets no reply to its dot. */
let unheard = '';
beforeAll(async () => {
  const onData = ({ to }: { readonly to: readonly string[] }) => (to[0] === unheard ? 'drop' : undefined);
  everpost = await draftEverpost({ onData });
  list = await aList(everpost.api);
  for (const name of READERS) await aSubscriber(everpost.api, list, { email: `${name}@example.com`, first_name: name });
  await everpost.startWorker();
});
afterAll(() => everpost?.close());
afterEach(() => {
  unheard = '';
  useClock({})();
});

const HOUR = 3_600_000;
const toTheHour = HOUR - (Date.now() % HOUR);
/** Sets the clock to this many minutes past the next full hour. */
const past = (minutes: number) => useClock({ now: () => new Date(Date.now() + toTheHour + minutes * 60_000) });

const get = async (path: string) => (await everpost.api.call(`GET /api/v1/${path}`)).json().data;
const post = async (path: string, payload: object) =>
  (await everpost.api.call(`POST /api/v1/${path}`, { payload })).json().data;

/** The tracked links of a recipient's mail, as paths. */
async function mailOf(to: string) {
  const got = everpost.receiver.accepted.findLast((mail) => mail.to[0] === to);
  const { html = '', subject = '' } = await PostalMime.parse(got?.raw ?? '');
  const links = [...html.matchAll(/href="http:\/\/[^/"]+(\/c\/[^"]+)"/g)].map(([, path = '']) => path);
  const pixel = /src="http:\/\/[^/"]+(\/o\/[^"]+)"/.exec(html)?.[1] ?? '';
  return { html, subject, links, pixel };
}
const go = (path = '', headers = {}, method?: string) => visit(everpost.api, path, headers, method);

test('tracked links redirect, and a campaign counts each person once and machines separately', async () => {
  const settings = { rate_per_second: 2 };
  const { id } = await post('campaigns', { list_id: list, subject: 'Tea', html: HTML, settings, send: true });
  await everpost.receiver.untilAccepted(1);
  const letGo = everpost.receiver.hold();
  const early = everpost.receiver.accepted[0]?.to[0] ?? '';
  past(5);
  const first = await mailOf(early);
  expect(first.html).toContain('href="https://shop.test/notes"');
  const answer = await go(first.links[0]);
  expect([answer.statusCode, answer.headers.location]).toEqual([302, 'https://shop.test/tea?size=1&kind=green']);
  expect(await get(`campaigns/${id}`)).toMatchObject({ state: 'sending', opens: 0, clicks: 1 });
  letGo();
  await post(`campaigns/${id}/rate`, { per_second: null });
  await until(async () => (await get(`campaigns/${id}`)).state === 'sent', LIMIT);

  past(65);
  const others = READERS.map((name) => `${name}@example.com`).filter((email) => email !== early);
  const [keen, proxied, scanned, headed] = await Promise.all(others.map(mailOf));
  await go(keen?.pixel);
  await go(keen?.links[0]);
  await go(keen?.links[1]);
  past(66);
  await go(keen?.links[0]);
  await go(proxied?.pixel, { 'user-agent': APPLE_PRIVACY });
  await go(scanned?.links[0], SCANNER);
  expect((await go(headed?.links[0], {}, 'HEAD')).headers.location).toBe('https://shop.test/tea?size=1&kind=green');

  const shown = await get(`campaigns/${id}`);
  expect(shown).toMatchObject({ recipient_count: 5, emails_sent: 5, emails_failed: 0, opens: 1, clicks: 2 });
  expect(shown.stats).toMatchObject({
    opens: { people: 1, total: 1, machines: 1, machine_total: 1 },
    clicks: { people: 2, total: 4, machines: 1, machine_total: 1 },
  });
  const { stats, links, hours } = await get(`campaigns/${id}/stats`);
  expect(stats).toEqual(shown.stats);
  expect(links).toEqual([
    { n: 1, url: 'https://shop.test/tea?size=1&kind=green', people: 2, total: 3, machines: 1, machine_total: 1 },
    { n: 2, url: 'https://shop.test/cups', people: 1, total: 1, machines: 0, machine_total: 0 },
  ]);
  expect(hours.map((hour: Record<string, unknown>) => [hour['opens'], hour['clicks']])).toEqual([
    [
      { people: 0, total: 0 },
      { people: 1, total: 1 },
    ],
    [
      { people: 1, total: 1 },
      { people: 1, total: 3 },
    ],
  ]);
  // A rebuild from all events gives the same counts.
  const row = await everpost.api.deps.campaigns.find(everpost.api.account, id);
  const { opens, clicks } = await everpost.api.deps.engagements.rollUp(row ?? { _id: 0, account: 0, list_id: 0 });
  expect({ opens, clicks }).toEqual({ opens: stats.opens, clicks: stats.clicks });
});

test('an uncertain mail becomes sent when its recipient clicks', async () => {
  unheard = 'cy@example.com';
  const { id } = await post('campaigns', { list_id: list, subject: 'Lost', html: HTML, send: true });
  await until(async () => (await get(`campaigns/${id}`)).state === 'sent', LIMIT);
  expect((await get(`campaigns/${id}`)).stats).toMatchObject({ sent: 4, uncertain: 1 });
  past(5);
  await go((await mailOf(unheard)).links[0], SCANNER);
  expect((await get(`campaigns/${id}`)).stats).toMatchObject({ sent: 4, uncertain: 1 });
  await go((await mailOf(unheard)).links[0]);
  expect((await get(`campaigns/${id}`)).stats).toMatchObject({ sent: 5, uncertain: 0 });
  const [cy] = await get(`campaigns/${id}/recipients?status=sent&limit=100`).then((rows) =>
    rows.filter(({ email }: { email: string }) => email === unheard),
  );
  expect(cy).toMatchObject({ status: 'sent', class: 'clicked' });
});

test('a message is tracked in the same way, and a click settles it', async () => {
  unheard = 'eve@example.com';
  const fields = { to: unheard, subject: 'Your order', html: HTML.replace(/{{.*?}}/, 'Eve') };
  const { id } = await post('messages', { ...fields, track: true });
  await until(async () => (await get(`messages/${id}`)).state === 'uncertain', LIMIT);
  past(5);
  const { pixel, links } = await mailOf(unheard);
  await go(pixel, { 'user-agent': APPLE_PRIVACY });
  expect((await get(`messages/${id}`)).state).toBe('uncertain');
  expect((await go(links[1])).headers.location).toBe('https://shop.test/cups');
  const { state, timeline } = await get(`messages/${id}`);
  expect(state).toBe('sent');
  expect(timeline.map(({ event, by }: { event: string; by?: string }) => [event, by])).toEqual([
    ['accepted', undefined],
    ['uncertain', undefined],
    ['sent', undefined],
    ['opened', 'machine'],
    ['clicked', 'person'],
  ]);
  expect(timeline[2]).toMatchObject({ class: 'clicked' });
  expect(timeline.at(-1)).toMatchObject({ url: 'https://shop.test/cups' });
});

test('a message without tracking is not tracked', async () => {
  const to = 'gus@example.com';
  await post('messages', { to, subject: 'Your order', html: HTML });
  await until(() => everpost.receiver.accepted.some((mail) => mail.to[0] === to), LIMIT);
  const { html, links, pixel } = await mailOf(to);
  expect([links, pixel, html.includes('href="https://shop.test/cups"')]).toEqual([[], '', true]);
});
