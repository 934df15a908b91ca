import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../support/api/api.js';
import { aCampaign, forceCampaign } from '../../support/api/campaigns.js';

let api: TestApi;
let reader: number;
let campaign: number;

const HTML = `<p>Hello {{ first_name }}, {% if city == "Lisbon" %}bom dia{% endif %}</p><a href="https://example.com/?a=1&amp;b=2">Read</a>
<script>alert(1)</script><a href="{{ view_url }}">View</a>`;

beforeAll(async () => {
  api = await anApi();
  const list = await aList(api);
  const person = { email: 'ada@example.com', first_name: 'Ada <3', attributes: { city: 'Lisbon' } };
  ({ id: reader } = await aSubscriber(api, list, person));
  campaign = await aCampaign(api, list, { html: HTML, preheader: 'Soon' });
  await forceCampaign(api, campaign, { state: 'sent', launched_at: now(), launch: 1, round: 0 });
});
afterAll(() => api.close());

const tokenFor = async (id: number, subscriber: number) =>
  linkTokens(await api.deps.linkKeys.ring()).forRecipient(id, subscriber);
const view = async (id: number, subscriber: number) =>
  api.call(`GET /v/${await tokenFor(id, subscriber)}`, { key: null });

test('the mail is shown as its recipient received it, with working links', async () => {
  const { statusCode, body } = await view(campaign, reader);
  expect(statusCode).toBe(200);
  expect(body).toContain('Hello Ada &lt;3, bom dia');
  expect(body).toContain('href="https://example.com/?a=1&amp;b=2"');
  expect(body).toContain(`/v/${await tokenFor(campaign, reader)}"`);
  expect(body).toContain(`/u/${await tokenFor(campaign, reader)}"`);
});

test('a view is not recorded: no pixel, no tracked link', async () => {
  await forceCampaign(api, campaign, {
    settings: { rate_per_second: null, on_uncertain: 'hold', track_opens: true, track_clicks: true, ttl_hours: 24 },
  });
  const { body } = await view(campaign, reader);
  expect(body).not.toMatch(/\/[co]\/[\w-]{20}/);
});

test('its content is sandboxed, without scripts, forms and an origin, and not cached', async () => {
  const { headers } = await view(campaign, reader);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/allow-scripts|allow-same-origin|allow-forms|script-src/);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    'referrer-policy': 'no-referrer',
  });
});

test('unsent mail, mail of another account, a forged link and mail to an erased person are not shown', async () => {
  const list = await aList(api);
  const draft = await aCampaign(api, list);
  const stranger = await aStranger(api);
  const theirs = { ...api, call: (route: string, options = {}) => api.call(route, { key: stranger.key, ...options }) };
  const { id: foreigner } = await aSubscriber(theirs, await aList(theirs));
  const { id: erased } = await aSubscriber(api, list, { email: 'gone@example.com' });
  await api.call('DELETE /api/v1/subscribers/gone@example.com?erase=true');
  for (const [id, subscriber] of [
    [draft, reader],
    [campaign, foreigner],
    [campaign, erased],
    [0, reader],
  ] as const) {
    expect((await view(id, subscriber)).statusCode).toBe(404);
  }
  expect((await api.call('GET /v/forged', { key: null })).statusCode).toBe(404);
});

test('the sender is the account’s where neither campaign nor list names one, whatever MAIL_FROM says', async () => {
  const other = await anApi({ MAIL_FROM: 'not a mailbox' });
  try {
    await other.call('PATCH /api/v1/account', { payload: { mail_from: 'Acme <hello@acme.example>' } });
    const list = await aList(other);
    const { id: subscriber } = await aSubscriber(other, list);
    const id = await aCampaign(other, list);
    await forceCampaign(other, id, { state: 'sent', launched_at: now(), launch: 1, round: 0 });
    const token = linkTokens(await other.deps.linkKeys.ring()).forRecipient(id, subscriber);
    expect((await other.call(`GET /v/${token}`, { key: null })).statusCode).toBe(200);
  } finally {
    await other.close();
  }
});
