import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { readCurl } from '../../../support/api/curl.js';

/** The curl lines of the Maily document on campaigns, word for word; host, key and the date that has passed are replaced. */
const SAMPLES = {
  ai: String.raw`curl -X POST https://usemaily.xyz/api/v1/campaigns \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"list_id": 1,
"ai": {
"prompt": "Announce our new pricing tiers and free 14-day trial."
},
"send": true
}'`,
  html: String.raw`curl -X POST https://usemaily.xyz/api/v1/campaigns \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"list_id": 1,
"subject": "Friday Roundup",
"html": "<p>Hello! Here are this week’s updates...</p>",
"scheduled_at": "2026-05-22T13:00:00Z"
}'`,
};

/** The fields of a campaign in the document. */
const SHOWN = [
  'id',
  'subject',
  'preheader',
  'status',
  'list_id',
  'template_id',
  'creation_method',
  'recipient_count',
  'emails_sent',
  'emails_failed',
  'opens',
  'clicks',
  'scheduled_at',
  'sent_at',
  'created_at',
  'content',
];

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
  await aSubscriber(api, await aList(api));
});
afterAll(() => api.close());

const run = async (sample: keyof typeof SAMPLES) => {
  const line = SAMPLES[sample].replace('YOUR_API_KEY', api.key).replace('2026-05-22', '2126-05-22');
  const { method, url, ...rest } = readCurl(line);
  const answer = await api.call(`${method} ${url.replace('https://usemaily.xyz', '')}`, { key: null, ...rest });
  return { status: answer.statusCode, body: answer.json() };
};

test('creating from AI: the documented refusal of a plan without it', async () => {
  expect(await run('ai')).toMatchObject({ status: 402, body: { error: { code: 'ai_not_available' } } });
});

test('creating from HTML for a time to come: scheduled, with every documented field', async () => {
  const { status, body } = await run('html');
  expect(status).toBe(201);
  expect(body.data).toMatchObject({
    subject: 'Friday Roundup',
    status: 'scheduled',
    list_id: 1,
    creation_method: 'html',
    scheduled_at: '2126-05-22T13:00:00+00:00',
    sent_at: null,
    content: '<p>Hello! Here are this week’s updates...</p>',
  });
  expect(Object.keys(body.data)).toEqual(expect.arrayContaining(SHOWN));
});

test('listing, retrieving, sending and deleting, as the document says', async () => {
  const { id } = (await run('html')).body.data;
  const { data, meta } = (await api.call('GET /api/v1/campaigns?status=scheduled&list_id=1')).json();
  expect(data[0]).toMatchObject({ id, status: 'scheduled' });
  expect(meta).toMatchObject({ current_page: 1, per_page: 20, last_page: 1 });
  expect((await api.call(`GET /api/v1/campaigns/${id}`)).json().data).toMatchObject({ id, opens: 0, clicks: 0 });
  const later = { payload: { scheduled_at: '2126-06-01T08:00:00Z' } };
  const again = await api.call(`POST /api/v1/campaigns/${id}/send`, later);
  expect(again.json().data).toMatchObject({ id, status: 'scheduled', scheduled_at: '2126-06-01T08:00:00+00:00' });
  expect((await api.call(`POST /api/v1/campaigns/${id}/send`)).json().data).toMatchObject({ id, status: 'sending' });
  const gone = await api.call(`DELETE /api/v1/campaigns/${id}`);
  expect([gone.statusCode, gone.json().error.code]).toEqual([409, 'cannot_delete']);
});
