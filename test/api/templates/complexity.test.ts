import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';
import { aCampaign, aListWithSubscriber, renderCampaign } from '../../support/api/campaigns.js';
import { aTemplate } from '../../support/api/templates.js';
import { growth, ONE_PASS } from '../../support/growth.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

/** Bodies; `n` is a quarter of what is tried. */
test.each<[string, (n: number) => string]>([
  ['a path of 100,000 names', (n) => `{% assign a = ${'a.'.repeat(25_000 * n)}a %}`],
  ['20,000 conditions', (n) => `{% if a == b${' or a == b'.repeat(5_000 * n)} %}x{% endif %}`],
  ['40,000 variables', (n) => Array.from({ length: 10_000 * n }, (_, i) => `{{ v${i} }}`).join('')],
])('%s: 422 after one pass, in templates, campaigns and newsletters', async (_, source) => {
  const list_id = await aList(api);
  const post = async (path: string, payload: object) => (await api.call(`POST /api/v1${path}`, { payload })).json();
  const schedule = { cron: '0 9 * * 5' };
  const postAll = async (html: string) => ({
    'contents.en.html': await post('/templates', { name: 'Bomb', contents: { en: { html } } }),
    html: await post('/campaigns', { list_id, subject: 'Bomb', html }),
    ' html': await post('/newsletters', { name: 'Bomb', list_id, schedule, source: { kind: 'data' }, html }),
  });
  for (const [field, answer] of Object.entries(await postAll(source(4)))) {
    const errors = { [field.trim()]: [expect.stringContaining('too complex')] };
    expect(answer.error).toMatchObject({ code: 'validation_failed', errors });
  }
  expect(await growth(postAll, source(1), source(4))).toBeLessThan(ONE_PASS);
});

const LOOPS = '{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}';
const LOOP = '<p>{% for i in (1..1000000) %}x{% endfor %}</p>';
const codeOf = (answer: { statusCode: number; json(): { error?: { code: string } } }) => [
  answer.statusCode,
  answer.json().error?.code,
];

test.each([
  ['loops inside loops', LOOPS],
  ['a long loop', LOOP],
])('%s: no preview, no message and no campaign of it', async (_, html) => {
  const post = (path: string, payload: object) => api.call(`POST /api/v1${path}`, { payload });
  const template = await aTemplate(api, { contents: { en: { subject: 'Bomb', html } } }, true);
  expect(codeOf(await post(`/templates/${template.id}/preview`, {}))).toEqual([422, 'template_too_complex']);
  const message = { to: 'ada@example.org', from: 'a@example.org', template_id: template.id };
  expect(codeOf(await post('/messages', message))).toEqual([422, 'template_too_complex']);
  const campaign = await aCampaign(api, await aListWithSubscriber(api), { html });
  expect(codeOf(await post(`/campaigns/${campaign}/preview`, {}))).toEqual([422, 'template_too_complex']);
  expect(codeOf(await post(`/campaigns/${campaign}/send`, {}))).toEqual([422, 'template_too_complex']);
  expect(await renderCampaign(api, campaign)).toBe('refused');
});

test('a template that only a context makes too complex is refused with that context', async () => {
  const html = '{% for i in (1..count) %}{% for j in (1..count) %}{{ i }}{% endfor %}{% endfor %}';
  const { id } = await aTemplate(api, { contents: { en: { subject: 'Rows', html } } });
  const preview = (count: number) =>
    api.call(`POST /api/v1/templates/${id}/preview`, { payload: { context: { count } } });
  expect((await preview(2)).statusCode).toBe(200);
  expect(codeOf(await preview(5_000))).toEqual([422, 'template_too_complex']);
});
