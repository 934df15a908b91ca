import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { now, useClock } from '../../../../clock.js';
import { linkTokens } from '../../../../mail/tokens/link-tokens.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { APPLE_PRIVACY, FIREFOX, storedLinks, tokenFor, visit } from '../../../support/api/tracking.js';
import { anException, aPage, insertPages } from '../../../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../../../support/store/messages.js';

const SHOP = 'https://shop.test/tea?size=1&kind=green';
let api: TestApi;
let list: number;
let id: number;
let token: string;
let campaign = 70;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
beforeEach(async () => {
  campaign += 1;
  ({ id } = await aSubscriber(api, list, { email: `reader${campaign}@example.com` }));
  await storedLinks(api, campaign, ['https://shop.test/', SHOP]);
  token = await tokenFor(api, campaign, id);
});
afterAll(() => api.close());

const recorded = (of: object = { campaign }) =>
  api.store.db
    .collection('events')
    .find({ ...of, type: /\.(opened|clicked)$/ })
    .sort({ at: 1 })
    .toArray();

test('a click redirects to the stored destination, is not cached and is recorded once', async () => {
  const answer = await visit(api, `/c/${token}/2`);
  expect([answer.statusCode, answer.headers.location, answer.body]).toEqual([302, SHOP, '']);
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    'referrer-policy': 'no-referrer',
  });
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(await recorded()).toMatchObject([
    { type: 'recipient.clicked', account: api.account, subscriber: id, data: { by: 'person', rule: null, link: 2 } },
  ]);
  // Campaign events contain no visitor data.
  expect(Object.keys((await recorded())[0]?.['data']).sort()).toEqual(['by', 'link', 'rule']);
});

test('the pixel is always returned, and records an open only for a valid token', async () => {
  for (const image of [`${token}.gif`, 'forged.gif', `${token.slice(0, -1)}.gif`, 'x']) {
    const answer = await visit(api, `/o/${image}`);
    expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload.subarray(0, 6).toString()]).toEqual([
      200,
      'image/gif',
      'GIF89a',
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  }
  expect(await recorded()).toMatchObject([{ type: 'recipient.opened', subscriber: id, data: { by: 'person' } }]);
});

test('a forged token, an unassigned number or a URL in the request never redirects', async () => {
  const foreign = linkTokens([{ kid: 1, key: Buffer.alloc(32), current: true }]).forRecipient(campaign, id);
  const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
  const untracked = await tokenFor(api, 9_999, id);
  const paths = [`${foreign}/1`, `${flipped}/1`, `${token}/3`, `${token}/0`, `${token}/-1`, `${untracked}/1`, 'x/1'];
  for (const path of [...paths, `${token}/https:%2F%2Fevil.test`, `${flipped}/1?url=https://evil.test`]) {
    const answer = await visit(api, `/c/${path}`);
    expect([answer.statusCode, answer.headers.location]).toEqual([404, undefined]);
    expect(answer.headers['content-type']).toContain('text/html');
  }
  const answer = await visit(api, `/c/${token}/1?url=https://evil.test`);
  expect(answer.headers.location).toBe('https://shop.test/');
});

test('HEAD is answered like GET, and not recorded', async () => {
  const click = await visit(api, `/c/${token}/1`, {}, 'HEAD');
  expect([click.statusCode, click.headers.location]).toEqual([302, 'https://shop.test/']);
  expect((await visit(api, `/o/${token}.gif`, {}, 'HEAD')).statusCode).toBe(200);
  expect(await recorded()).toEqual([]);
});

test('machines are redirected and recorded as such, with the rule that matched', async () => {
  await visit(api, `/o/${token}.gif`, { 'user-agent': APPLE_PRIVACY });
  await visit(api, `/o/${token}.gif`, {
    'user-agent': 'Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)',
  });
  expect((await visit(api, `/c/${token}/1`, { 'user-agent': 'Barracuda Sentinel (EE)' })).statusCode).toBe(302);
  await visit(api, `/c/${token}/2`, { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' });
  const at = now();
  const justMade = await tokenFor(api, campaign, id, at);
  const restore = useClock({ now: () => at });
  await visit(api, `/c/${justMade}/2`).finally(restore);
  const verdicts = (await recorded()).map(({ data }) => [data.by, data.rule]);
  expect(verdicts.map(([by]) => by)).toEqual(verdicts.map(() => 'machine'));
  expect(verdicts.map(([, rule]) => rule).sort()).toEqual([
    'apple_privacy',
    'gmail_proxy',
    'robot',
    'scanner',
    'too_soon',
  ]);
});

test('a repeat within the same second is one click, a later one is another', async () => {
  const restore = useClock({ now: () => new Date('2026-05-16T08:00:00.100Z') });
  await Promise.all([1, 2, 3].map(() => visit(api, `/c/${token}/1`)));
  useClock({ now: () => new Date('2026-05-16T08:00:01.100Z') });
  await visit(api, `/c/${token}/1`);
  restore();
  expect(await recorded()).toHaveLength(2);
});

test('a click is redirected but not recorded once the recipient or the account has turned tracking off', async () => {
  await api.call(`PATCH /api/v1/subscribers/${id}`, { payload: { attributes: { track: false } } });
  expect((await visit(api, `/c/${token}/1`)).statusCode).toBe(302);
  await api.call(`PATCH /api/v1/subscribers/${id}`, { payload: { attributes: { track: true } } });
  await api.call('PATCH /api/v1/account', { payload: { track: false } });
  expect((await visit(api, `/c/${token}/1`)).statusCode).toBe(302);
  expect((await visit(api, `/o/${token}.gif`)).statusCode).toBe(200);
  expect(await recorded()).toEqual([]);
  await api.call('PATCH /api/v1/account', { payload: { track: true } });
});

test('a person’s click settles an uncertain mail, a machine’s does not', async () => {
  const doubtful = anException({ i: 0, kind: 'uncertain' });
  await insertPages(api.store, [
    aPage({ account: api.account, campaign, ids: [id], exceptions: [doubtful], settled: 1, claimed: 1, done: true }),
  ]);
  const status = async () => {
    const [page] = await api.store.db.collection('ledger').find({ campaign }).toArray();
    return page?.['exceptions'][0];
  };
  await visit(api, `/c/${token}/1`, { 'user-agent': 'Barracuda Sentinel (EE)' });
  expect(await status()).toMatchObject({ kind: 'uncertain' });
  await visit(api, `/c/${token}/1`);
  expect(await status()).toMatchObject({ kind: 'sent', class: 'clicked' });
  const late = await api.store.db.collection('events').find({ campaign, type: 'recipient.sent' }).toArray();
  expect(late).toMatchObject([{ subscriber: id, data: { class: 'clicked' } }]);
});

test('links of a tracked message work the same, and are recorded for the message', async () => {
  const message = '01890a5d-ac96-774b-bcce-b302099a8057';
  const number = 4_000 + campaign;
  await api.deps.links.number({ kind: 'message', account: api.account, id: number, uuid: message }, [SHOP]);
  const made = new Date('2026-05-15T09:00:12Z');
  const mine = linkTokens(await api.deps.linkKeys.ring()).forMessage(api.account, number, made);
  expect((await visit(api, `/c/${mine}/1`)).headers.location).toBe(SHOP);
  expect((await visit(api, `/o/${mine}.gif`)).statusCode).toBe(200);
  expect((await visit(api, `/u/${mine}`)).statusCode).toBe(404);
  const events = await recorded({ 'data.message': message });
  const visitor = { by: 'person', rule: null, ip: '127.0.0.0', user_agent: FIREFOX, token: mine };
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['message.clicked', { message, ...visitor, link: 1, url: SHOP }],
    ['message.opened', { message, ...visitor }],
  ]);
});

test('a person’s click settles an uncertain message, a machine’s or an open does not; its timeline shows all of them', async () => {
  const at = new Date('2026-05-15T09:00:12Z');
  const lost = {
    n: 1,
    at: at.toISOString(),
    outcome: 'uncertain',
    class: 'owner_lost',
    code: null,
    reply: null,
  } as const;
  const { _id, number, account } = await anAcceptedMessage(api.store, {
    ...{ account: api.account, number: 8_000, track: true, created_at: at, sweep_at: null },
    ...{ state: 'uncertain', attempt: 1, token: 'owner', attempts: [{ ...lost, next: null }] },
  });
  await api.deps.links.number({ kind: 'message', account, id: number, uuid: _id }, [SHOP]);
  const mine = linkTokens(await api.deps.linkKeys.ring()).forMessage(account, number, at);
  const shown = async () => (await api.call(`GET /api/v1/messages/${_id}`)).json().data;
  await visit(api, `/c/${mine}/1`, { 'user-agent': 'Barracuda Sentinel (EE)' });
  await visit(api, `/o/${mine}.gif`);
  expect((await shown()).state).toBe('uncertain');
  await visit(api, `/c/${mine}/1`);
  const { state, timeline } = await shown();
  expect(state).toBe('sent');
  const entries = timeline.map((one: Record<string, unknown>) => [one['event'], one['by'], one['class'], one['url']]);
  expect(entries.slice(0, 2)).toEqual([
    ['accepted', undefined, null, undefined],
    ['uncertain', undefined, 'owner_lost', undefined],
  ]);
  expect(entries.slice(2)).toEqual(
    expect.arrayContaining([
      ['clicked', 'machine', 'scanner', SHOP],
      ['opened', 'person', null, undefined],
      ['sent', undefined, 'clicked', undefined],
      ['clicked', 'person', null, SHOP],
    ]),
  );
});
