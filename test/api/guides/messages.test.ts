import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';

const STEPS = guideSteps('messages.md');

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide goes from sending to cancelling', () => {
  expect(STEPS).toHaveLength(8);
});

test.each(STEPS)('$line', (step) => followStep(api, step));
