import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test.each([
  ['a path of 100,000 names', `{% assign a = ${'a.'.repeat(100_000)}a %}`],
  ['20,000 conditions', `{% if a == b${' or a == b'.repeat(20_000)} %}x{% endif %}`],
  ['40,000 variables', Array.from({ length: 40_000 }, (_, i) => `{{ v${i} }}`).join('')],
])('%s: 422 at once, in templates, campaigns and newsletters', async (_, html) => {
  const list_id = await aList(api);
  const post = async (path: string, payload: object) => (await api.call(`POST /api/v1${path}`, { payload })).json();
  const start = performance.now();
  const template = await post('/templates', { name: 'Bomb', contents: { en: { html } } });
  const campaign = await post('/campaigns', { list_id, subject: 'Bomb', html });
  const newsletter = await post('/newsletters', {
    name: 'Bomb',
    list_id,
    schedule: { cron: '0 9 * * 5' },
    source: { kind: 'data' },
    html,
  });
  expect(performance.now() - start).toBeLessThan(5_000);
  for (const [answer, field] of [
    [template, 'contents.en.html'],
    [campaign, 'html'],
    [newsletter, 'html'],
  ] as const) {
    expect(answer.error).toMatchObject({ code: 'validation_failed', errors: { [field]: [expect.any(String)] } });
    expect(answer.error.errors[field][0]).toContain('too complex');
  }
});
