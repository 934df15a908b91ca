import { afterAll, beforeAll, expect, test } from 'vitest';
import { now, useClock } from '../../../../clock.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign } from '../../../support/api/campaigns.js';
import { APPLE_PRIVACY, storedLinks, tokenFor, visit } from '../../../support/api/tracking.js';
import { aPage, insertPages } from '../../../support/store/ledger-pages.js';

let api: TestApi;
let list: number;
const ids: number[] = [];

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  for (const name of ['ada', 'bo', 'cy', 'di'])
    ids.push((await aSubscriber(api, list, { email: `${name}@example.com` })).id);
});
afterAll(() => api.close());

/** A campaign sent to four people. */
async function aSentCampaign(): Promise<number> {
  const id = await aCampaign(api, list);
  const settled = { account: api.account, campaign: id, ids, settled: 4, claimed: 4, done: true };
  await insertPages(api.store, [aPage(settled)]);
  await forceCampaign(api, id, { state: 'sent', round: 0, recipient_count: 4, sent_at: now() });
  await storedLinks(api, id, ['https://shop.test/', 'https://shop.test/tea', 'https://shop.test/cups']);
  return id;
}

const shownOf = async (id: number) => (await api.call(`GET /api/v1/campaigns/${id}`)).json().data;
const statsOf = async (id: number) => (await api.call(`GET /api/v1/campaigns/${id}/stats`)).json().data;

test('opens and clicks of machines are recorded and counted apart: proxy, scanner, burst; HEAD is not recorded', async () => {
  const id = await aSentCampaign();
  const [ada = '', bo = '', cy = '', di = ''] = await Promise.all(ids.map((who) => tokenFor(api, id, who)));
  await visit(api, `/o/${ada}.gif`);
  await visit(api, `/c/${ada}/2`);
  await visit(api, `/o/${bo}.gif`, { 'user-agent': APPLE_PRIVACY });
  await visit(api, `/c/${bo}/1`, { 'user-agent': 'Mozilla/5.0 (compatible; Mimecast URL scanner)' });
  const at = now();
  const restore = useClock({ now: () => at });
  await Promise.all([1, 2, 3].map((n) => visit(api, `/c/${cy}/${n}`))).finally(restore);
  await visit(api, `/c/${di}/1`, {}, 'HEAD');
  const shown = await shownOf(id);
  expect(shown).toMatchObject({ recipient_count: 4, emails_sent: 4, emails_failed: 0, opens: 1, clicks: 1 });
  expect(shown.stats).toMatchObject({
    sent: 4,
    opens: { people: 1, total: 1, machines: 1, machine_total: 1 },
    clicks: { people: 1, total: 1, machines: 2, machine_total: 4 },
    unsubscribes: 0,
  });
  const { links, hours, stats } = await statsOf(id);
  expect(stats).toEqual(shown.stats);
  expect(links.map((one: Record<string, unknown>) => [one['n'], one['url'], one['people'], one['machines']])).toEqual([
    [1, 'https://shop.test/', 0, 2],
    [2, 'https://shop.test/tea', 1, 1],
    [3, 'https://shop.test/cups', 0, 1],
  ]);
  const sums = hours.map((hour: { opens: { people: number }; clicks: { people: number } }) => [
    hour.opens.people,
    hour.clicks.people,
  ]);
  expect(sums.reduce((total: number, [, clicks = 0]: number[]) => total + clicks, 0)).toBe(1);
});

test('an unsubscribe by the link of a campaign counts for the campaign', async () => {
  const id = await aSentCampaign();
  await visit(api, `/o/${await tokenFor(api, id, ids[3] ?? 0)}.gif`);
  const token = await tokenFor(api, id, ids[3] ?? 0);
  await api.call(`POST /u/${token}`, { key: null, payload: 'List-Unsubscribe=One-Click' });
  const listed = (await api.call('GET /api/v1/campaigns')).json().data.find((one: { id: number }) => one.id === id);
  expect(listed).toMatchObject({ opens: 1, stats: { unsubscribes: 1, bounces: 0, complaints: 0 } });
});

test('a draft has no visits, and all of its links are still to be numbered', async () => {
  const id = await aCampaign(api, list);
  expect(await statsOf(id)).toMatchObject({ stats: { opens: { people: 0 } }, links: [], hours: [] });
});

test('the account shows whether tracking is on', async () => {
  expect((await api.call('GET /api/v1/account')).json().data.track).toBe(true);
  const id = await aCampaign(api, list);
  expect((await shownOf(id)).settings).toMatchObject({ track_opens: true, track_clicks: true });
});
