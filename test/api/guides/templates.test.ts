import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';

const STEPS = guideSteps('templates.md');

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide creates a template, tests, publishes and sends it, and lists all templates', () => {
  expect(STEPS).toHaveLength(5);
});

test.each(STEPS)('$line', (step) => followStep(api, step));
