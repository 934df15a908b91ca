import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now, useClock } from '../../../clock.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../support/api/api.js';
import { aCampaign, forceCampaign } from '../../support/api/campaigns.js';
import { aTemplate } from '../../support/api/templates.js';

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

describe('the link of a preview', () => {
  const aLink = async (of: string, payload: object = {}) => {
    const made = await api.call(`POST /api/v1/${of}/preview/link`, { payload });
    expect(made.statusCode, made.body).toBe(201);
    const { url, expires_at } = made.json().data;
    return { path: new URL(url).pathname, expires_at: new Date(expires_at) };
  };
  const opened = (path: string, language = 'en') =>
    api.call(`GET ${path}`, { key: null, headers: { 'accept-language': language } });

  test('shows the campaign as it is now, for its subscriber or for sample data, without a key', async () => {
    const list_id = (await api.call(`GET /api/v1/campaigns/${campaign}`)).json().data.list_id;
    const draft = await aCampaign(api, list_id, { html: '<p>Hello {{ first_name }}</p>' });
    const forReader = await aLink(`campaigns/${draft}`, { subscriber_id: reader });
    expect((await opened(forReader.path)).body).toContain('Hello Ada &lt;3');
    await api.call(`PATCH /api/v1/campaigns/${draft}`, { payload: { html: '<p>Bye {{ first_name }}</p>' } });
    const page = await opened(forReader.path);
    expect(page.body).toContain('Bye Ada &lt;3');
    expect(page.body).not.toMatch(/\/u\/[\w-]{20}/);
    expect(page.headers['content-security-policy']).toMatch(/^sandbox (?!.*allow-scripts)/);
    const sample = await aLink(`campaigns/${draft}`);
    expect((await opened(sample.path)).body).toContain('Bye Ada<');
    await api.call(`DELETE /api/v1/campaigns/${draft}`);
    expect((await opened(sample.path)).statusCode).toBe(404);
  });

  test('shows the draft of a template', async () => {
    const { id } = await aTemplate(api, { contents: { en: { html: '<p>own</p>{{ content }}' } } });
    const { path } = await aLink(`templates/${id}`);
    expect((await opened(path)).body).toContain('own</p>');
  });

  test('expires after its hours, in the language of the visitor', async () => {
    const { path, expires_at } = await aLink(`campaigns/${campaign}`, { hours: 1 });
    expect(expires_at.getTime() - now().getTime()).toBeLessThanOrEqual(3_600_000);
    const at = (ms: number) => useClock({ now: () => new Date(expires_at.getTime() + ms) });
    const before = at(-1_000);
    expect((await opened(path)).statusCode).toBe(200);
    before();
    const after = at(0);
    const answers = [await opened(path), await opened(path, 'de')];
    after();
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([410, 410]);
    expect(answers[0]?.body).toContain('This preview has expired');
    expect(answers[1]?.body).toContain('Diese Vorschau ist abgelaufen');
  });

  test('is not made for a subscriber of another list, and no other token opens a preview', async () => {
    const other = await aSubscriber(api, await aList(api), { email: 'other@example.com' });
    const payload = { subscriber_id: other.id };
    const refused = await api.call(`POST /api/v1/campaigns/${campaign}/preview/link`, { payload });
    expect(refused.statusCode).toBe(422);
    for (const token of [await tokenFor(campaign, reader), 'x'.repeat(40)]) {
      expect((await opened(`/preview/${token}`)).statusCode).toBe(404);
    }
    const { path } = await aLink(`campaigns/${campaign}`);
    expect((await opened(path.replace('/preview/', '/v/'))).statusCode).toBe(404);
  });
});
