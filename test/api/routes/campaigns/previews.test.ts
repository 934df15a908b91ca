import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign, renderCampaign } from '../../../support/api/campaigns.js';
import { aTemplate } from '../../../support/api/templates.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  for (const name of ['Grace', 'Ed']) {
    const payload = { name, email: `${name.toLowerCase()}@acme.example`, role: 'editor' };
    await api.call('POST /api/v1/account/members', { payload });
  }
});
afterAll(() => api.close());

const campaign = (fields: Record<string, unknown> = {}) =>
  aCampaign(api, list, {
    subject: 'Hello {{ first_name }}',
    html: '<p>From {{ city | default: "nowhere" }}</p>',
    ...fields,
  });
const aRemovedTemplate = async (before: (id: number) => Promise<unknown> = async () => undefined): Promise<number> => {
  const { id } = await aTemplate(api, { contents: { en: { html: '<p>removed</p>{{ content }}' } } }, true);
  await before(id);
  expect((await api.call(`DELETE /api/v1/templates/${id}`)).statusCode).toBe(204);
  return id;
};
const call = async (route: string, payload?: object, headers: Record<string, string> = {}) => {
  const answer = await api.call(route, { ...(payload && { payload }), headers });
  return { status: answer.statusCode, ...answer.json() };
};

test('with Accept: text/html the preview is the mail alone, as a page that runs nothing', async () => {
  const { id: template } = await aTemplate(api, { contents: { en: { html: '<p>own</p>{{ content }}' } } });
  const routes = [`campaigns/${await campaign()}`, `templates/${template}`].flatMap((of) => [
    `GET /api/v1/${of}/preview`,
    `POST /api/v1/${of}/preview`,
  ]);
  for (const route of routes) {
    const options = route.startsWith('POST') ? { payload: {} } : {};
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const shown = await api.call(route, options);
    const page = await api.call(route, { ...options, headers: { accept } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body).toBe(shown.json().data.html);
    expect([page.headers['vary'], shown.headers['vary']]).toEqual(['Accept', 'Accept']);
    expect(page.headers['content-security-policy']).toMatch(/^sandbox (?!.*allow-scripts).*default-src 'none'/);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
  }
  const keyed = { payload: {}, headers: { accept: 'text/html', 'idempotency-key': 'preview' } };
  const [first, replay] = [await api.call(routes[1] ?? '', keyed), await api.call(routes[1] ?? '', keyed)];
  expect([first.json(), replay.headers['idempotent-replayed']]).toEqual([replay.json(), 'true']);
});

describe('a campaign’s template', () => {
  test('is the given one, else the default; a whole document has only one that was chosen', async () => {
    const { id: own } = await aTemplate(api, { contents: { en: { html: '<p>own</p>{{ content }}' } } }, true);
    const html = async (fields: Record<string, unknown>) =>
      (await call(`GET /api/v1/campaigns/${await campaign(fields)}/preview`)).data.html;
    expect(await html({ template_id: own })).toContain('<p>own</p>');
    const document = '<!doctype html><html><head><title>x</title></head><body><p>mine</p></body></html>';
    expect(await html({})).not.toContain('<p>own</p>');
    expect(await html({ html: document })).not.toContain('ep-content');
    await api.call(`PATCH /api/v1/templates/${own}`, { payload: { is_default: true } });
    expect(await html({})).toContain('<p>own</p>');
    const framed = await html({ html: document });
    expect(framed).toMatch(/<p[^>]*>own<\/p>[\s\S]*class="ep-content"[\s\S]*>mine<\/p>/);
    expect(framed.match(/<(?:html|body|title)\b/gi)).toHaveLength(3);
    const shown = await call(`GET /api/v1/campaigns/${await campaign({ html: document })}`);
    expect(shown.data.template_id).toBe(own);
    await api.call(`PATCH /api/v1/templates/${own}`, { payload: { is_default: false } });
  });

  test('takes what the body of a whole document shows, with its own sheets', async () => {
    const html =
      '<html><head><title>x</title><style>.a{color:#123456}</style></head><body><p class="a">mine</p></body></html>';
    const id = await campaign({ template_id: 1, html });
    const { data } = await call(`GET /api/v1/campaigns/${id}/preview`);
    expect(data.html).toMatch(/class="ep-content"[\s\S]*<p class="a" style="[^"]*color: #123456[^"]*">mine<\/p>/);
    expect(data.html.match(/<(?:html|body|title)\b/gi)).toHaveLength(3);
  });

  test('is what a campaign shows, also where it named none: the default until it was sent, then what was used', async () => {
    const { id: own } = await aTemplate(api, { contents: { en: { html: '{{ content }}' } } }, true);
    const unnamed = await campaign();
    const document = await campaign({ html: '<!doctype html><html><body>mine</body></html>' });
    const shown = async (id: number) => (await call(`GET /api/v1/campaigns/${id}`)).data.template_id;
    expect([await shown(unnamed), await shown(document), await shown(await campaign({ template_id: 2 }))]).toEqual([
      1,
      null,
      2,
    ]);
    await aSubscriber(api, list, { email: 'reader@example.com' });
    await call(`POST /api/v1/campaigns/${unnamed}/send`, {});
    await renderCampaign(api, unnamed);
    await api.call(`PATCH /api/v1/templates/${own}`, { payload: { is_default: true } });
    expect([await shown(unnamed), await shown(await campaign())]).toEqual([1, own]);
    const { data } = await call('GET /api/v1/campaigns?per_page=4');
    const listed = data.map(({ id, template_id }: { id: number; template_id: number | null }) => [id, template_id]);
    expect(listed).toEqual(
      expect.arrayContaining([
        [unnamed, 1],
        [document, own],
      ]),
    );
    await api.call(`PATCH /api/v1/templates/${own}`, { payload: { is_default: false } });
  });

  test('that is not published, or was removed, is refused wherever the letter is rendered', async () => {
    const draft = await campaign({ template_id: (await aTemplate(api)).id });
    const removed = await campaign();
    await forceCampaign(api, removed, { template_id: await aRemovedTemplate() });
    await aSubscriber(api, list, { email: 'reader@example.com' });
    const body = { test: { to: ['grace@acme.example'] }, schedule: { scheduled_at: '2126-05-22T13:00:00Z' } };
    for (const id of [draft, removed]) {
      for (const [action, payload] of Object.entries({ send: {}, check: {}, preview: {}, ...body })) {
        const { status, error } = await call(`POST /api/v1/campaigns/${id}/${action}`, payload);
        expect([action, status, error.code]).toEqual([action, 422, 'template_not_published']);
      }
      expect((await call(`GET /api/v1/campaigns/${id}`)).data.state).toBe('draft');
    }
  });

  test('is the first default one where the account’s default was removed', async () => {
    const before = (await call(`GET /api/v1/campaigns/${await campaign()}/preview`)).data.html;
    await aRemovedTemplate((id) => api.call(`PATCH /api/v1/templates/${id}`, { payload: { is_default: true } }));
    expect((await call(`GET /api/v1/campaigns/${await campaign()}/preview`)).data.html).toBe(before);
  });

  test('gives the preheader where the campaign has none, in the preview as in the mail', async () => {
    const contents = { en: { preheader: 'In short', html: '{{ content }}' } };
    const { id: template_id } = await aTemplate(api, { contents }, true);
    const id = await campaign({ template_id });
    expect((await call(`GET /api/v1/campaigns/${id}/preview`)).data.preheader).toBe('In short');
    await aSubscriber(api, list, { email: 'reader@example.com' });
    await call(`POST /api/v1/campaigns/${id}/send`, {});
    await renderCampaign(api, id);
    expect((await call(`GET /api/v1/campaigns/${id}/preview`)).data.preheader).toBe('In short');
  });
});

describe('a preview', () => {
  test('is the campaign in its template, with the fields of a sample recipient or of a subscriber', async () => {
    const id = await campaign();
    const sample = (await call(`GET /api/v1/campaigns/${id}/preview`)).data;
    expect(sample).toMatchObject({ subject: 'Hello Ada', missing: [] });
    expect(sample.html).toContain('From nowhere');
    expect(sample.html).toMatch(/\/u\/preview/);
    const { id: subscriber } = await aSubscriber(api, list, {
      email: 'zoe@example.com',
      first_name: 'Zoë',
      attributes: { city: 'Köln' },
    });
    const real = (await call(`GET /api/v1/campaigns/${id}/preview?subscriber_id=${subscriber}`)).data;
    expect([real.subject, real.html.includes('From Köln'), real.text.includes('From Köln')]).toEqual([
      'Hello Zoë',
      true,
      true,
    ]);
    const made = { sample: { first_name: 'Bo', attributes: { city: '<b>' } } };
    expect((await call(`POST /api/v1/campaigns/${id}/preview`, made)).data.html).toContain('From &lt;b&gt;');
  });

  test('of a subscriber of another list is refused', async () => {
    const { id: stranger } = await aSubscriber(api, await aList(api, { name: 'Other' }), {
      email: 'other@example.com',
    });
    const refused = await call(`GET /api/v1/campaigns/${await campaign()}/preview?subscriber_id=${stranger}`);
    expect([refused.status, Object.keys(refused.error.errors)]).toEqual([422, ['subscriber_id']]);
  });

  test('of a template shows its draft in the brand, with a body where it has a place for one', async () => {
    const { id } = await aTemplate(api);
    const shown = await call(`POST /api/v1/templates/${id}/preview`, {
      language: 'pt',
      context: { customer: 'Bo', order: {} },
    });
    expect(shown.data).toMatchObject({ subject: 'Pedido', missing: ['order.id'] });
    expect(shown.data.html).toContain('Obrigado, Bo.');
    const digest = (await call('GET /api/v1/templates/1/preview')).data;
    expect(digest.html).toContain('this is the text of a campaign');
  });
});

describe('a check', () => {
  test('returns its findings, and whether they block sending', async () => {
    const good = (await call(`POST /api/v1/campaigns/${await campaign()}/check`, {})).data;
    expect(good.ok).toBe(true);
    await api.call('PUT /api/v1/account/brand', { payload: { name: 'Acme', postal_address: 'Main St 1, 1000 Town' } });
    const large = await campaign({ html: `<p>${'long '.repeat(25_000)}</p>` });
    const bad = (await call(`POST /api/v1/campaigns/${large}/check`, {})).data;
    expect(bad).toMatchObject({ ok: false, findings: [{ code: 'size_over_limit', severity: 'error' }] });
    await aSubscriber(api, list, { email: 'reader@example.com' });
    const sent = await call(`POST /api/v1/campaigns/${large}/send`, {});
    expect([sent.status, sent.error.code]).toEqual([422, 'content_blocked']);
    expect(Object.keys(sent.error.errors)).toEqual(['size_over_limit']);
    expect((await call(`GET /api/v1/campaigns/${large}`)).data.state).toBe('draft');
  });
});

describe('a test', () => {
  const trial = async (id: number, payload: object, key = '') =>
    call(`POST /api/v1/campaigns/${id}/test`, payload, key === '' ? {} : { 'idempotency-key': key });

  test('is sent to members as marked messages, once for each key', async () => {
    const id = await campaign();
    const to = ['grace@acme.example', 'Ed@acme.example'];
    const { status, data } = await trial(id, { to }, 'trial');
    expect([status, data.map((one: { subject: string }) => one.subject)]).toEqual([
      202,
      Array(2).fill('[Test] Hello Ada'),
    ]);
    const whole = (await call(`GET /api/v1/messages/${data[0].id}`)).data;
    expect(whole.headers).toEqual({ 'X-Everpost-Environment': 'testing' });
    expect(whole.html).toContain('From nowhere');
    await api.store.db.collection('stored_responses').deleteMany({});
    const again = await trial(id, { to }, 'trial');
    expect(again.data.map((one: { id: string }) => one.id)).toEqual(data.map((one: { id: string }) => one.id));
  });

  test('to other addresses, or to more than five, is refused', async () => {
    const id = await campaign();
    const before = await api.store.db.collection('messages').countDocuments();
    const stranger = await trial(id, { to: ['grace@acme.example', 'ada@example.org'] });
    expect([stranger.status, stranger.error.code]).toEqual([403, 'receiver_not_a_member']);
    expect((await trial(id, { to: Array(6).fill('grace@acme.example') })).status).toBe(422);
    expect(await api.store.db.collection('messages').countDocuments()).toBe(before);
  });
});
