import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { followStep, guideBlocks, guideSteps } from '../../support/api/guide.js';

const GUIDE = 'getting-started.md';
const STEPS = guideSteps(GUIDE);
const CSV = guideBlocks(GUIDE).find(({ language }) => language === 'csv')?.text ?? '';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide goes from a list to an import', () => {
  expect(STEPS.length).toBe(9);
  expect(CSV.split('\n').length).toBeGreaterThan(2);
});

test.each(STEPS)('$line', (step) =>
  followStep(api, { ...step, line: step.line.replace('--data-binary @people.csv', `-d '${CSV}'`) }),
);
