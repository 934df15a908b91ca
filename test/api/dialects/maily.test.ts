import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../support/api/api.js';
import { blocksOf } from '../../support/dialects/documents.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  await aSubscriber(api, list);
});
afterAll(() => api.close());

test('the templates that the document shows are there, with all their values', async () => {
  const [shown] = blocksOf('maily')
    .map((block) => JSON.parse(block))
    .filter(({ data }) => Array.isArray(data) && data[0].is_system !== undefined);
  const { data } = (await api.call('GET /api/v1/templates')).json();
  expect(shown.data).toHaveLength(2);
  for (const template of shown.data) expect(data).toContainEqual(expect.objectContaining(template));
});

describe('a time without a zone is UTC, and a date is its midnight', () => {
  test.each([
    ['2126-12-22T13:00:00', '2126-12-22T13:00:00+00:00'],
    ['2126-12-22', '2126-12-22T00:00:00+00:00'],
    ['2126-12-22T13:00:00+02:00', '2126-12-22T11:00:00+00:00'],
  ])('%s', async (scheduled_at, shown) => {
    const html = { list_id: list, subject: 'x', html: '<p>x</p>' };
    const made = await api.call('POST /api/v1/campaigns', { payload: { ...html, scheduled_at } });
    expect(made.json().data.scheduled_at).toBe(shown);
    const draft = (await api.call('POST /api/v1/campaigns', { payload: html })).json().data.id;
    for (const action of ['send', 'schedule']) {
      const sent = await api.call(`POST /api/v1/campaigns/${draft}/${action}`, { payload: { scheduled_at } });
      expect(sent.json().data.scheduled_at).toBe(shown);
    }
    const message = { to: 'a@example.com', subject: 'x', text: 'x', scheduled_at };
    expect((await api.call('POST /api/v1/messages', { payload: message })).json().data.scheduled_at).toBe(shown);
  });

  test('what is no time is refused by name', async () => {
    const payload = { list_id: list, subject: 'x', html: '<p>x</p>', scheduled_at: '2126-02-30' };
    const answer = await api.call('POST /api/v1/campaigns', { payload });
    expect(answer.json().error.errors).toEqual({
      scheduled_at: ['The scheduled_at must be a date and time in ISO 8601, such as 2026-05-22T13:00:00Z.'],
    });
  });
});

describe('unsubscribing is idempotent', () => {
  test.each(['notanemail', 'missing@example.com', 'a%20b', '%F0%9F%8D%B5', 'a@b@c'])('204 for %s', async (email) => {
    for (const query of ['', `?list_id=${list}`, '?erase=true']) {
      expect((await api.call(`DELETE /api/v1/subscribers/${email}${query}`)).statusCode).toBe(204);
    }
  });
});
