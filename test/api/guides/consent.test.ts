import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';
import { followStep, guideBlocks, guideSteps } from '../../support/api/guide.js';

const GUIDE = 'consent.md';
const STEPS = guideSteps(GUIDE);
const FORM = guideBlocks(GUIDE).find(({ language }) => language === 'html')?.text ?? '';

let api: TestApi;
let signup: string;

beforeAll(async () => {
  api = await anApi();
  const list = await aList(api, { double_opt_in: true });
  const { data } = (await api.call(`GET /api/v1/lists/${list}`)).json();
  signup = new URL(data.signup_url).pathname;
});
afterAll(() => api.close());

const asked = (email: string) =>
  api.store.db.collection('confirmations').countDocuments({ 'requested.email_key': email });

test('the guide turns double opt-in on and requests confirmation by API and by form', () => {
  expect(STEPS).toHaveLength(3);
});

test.each(STEPS)('$line', (step) =>
  followStep(api, { ...step, line: step.line.replace('$SIGNUP', `http://here${signup}`) }),
);

test('the form of the guide is accepted, and its hidden field catches bots', async () => {
  const [, action = ''] = /action="([^"]+)"/.exec(FORM) ?? [];
  expect(new URL(action.replace('UID', signup.split('/')[2] ?? '')).pathname).toBe(signup);
  const names = Array.from(FORM.matchAll(/name="(\w+)"/g), ([, name = '']) => name);
  expect(names).toEqual(['email', 'first_name', 'website']);
  for (const [email, website] of [
    ['bob@example.com', ''],
    ['bot@example.com', 'https://spam.example'],
  ] as const) {
    const form = new URLSearchParams({ email, first_name: 'Bob', website });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await api.call(`POST ${signup}`, { key: null, headers, payload: form.toString() });
    expect([email, answer.statusCode]).toEqual([email, 202]);
  }
  expect([await asked('bob@example.com'), await asked('bot@example.com')]).toEqual([1, 0]);
});
