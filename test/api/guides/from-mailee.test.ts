import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';

const STEPS = guideSteps('from-mailee.md');

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide has a line for each resource of Mailee', () => {
  const lines = STEPS.map(({ line }) => line).join('\n');
  for (const noun of ['lists', 'fields', 'templates', 'campaigns', 'messages', 'sent', 'account', 'keys', 'agency']) {
    expect(lines).toContain(`$EVERPOST/api/v1/${noun}`);
  }
});

test.each(STEPS)('$line', (step) => followStep(api, step));

test('after the guide the old key is revoked', async () => {
  expect((await api.call('GET /api/v1/lists')).json()).toMatchObject({ error: { code: 'key_revoked' } });
});
