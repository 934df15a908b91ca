import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../../support/api/api.js';
import { readCurl } from '../../../support/api/curl.js';

/** The curl commands of the Maily document on lists and subscribers, verbatim except for host and key. */
const SAMPLES = {
  lists: String.raw`curl https://usemaily.xyz/api/v1/lists \
-H "Authorization: Bearer YOUR_API_KEY"`,
  subscribers: String.raw`curl "https://usemaily.xyz/api/v1/subscribers?list_id=1" \
-H "Authorization: Bearer YOUR_API_KEY"`,
  create: String.raw`curl -X POST https://usemaily.xyz/api/v1/subscribers \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"email": "alice@example.com",
"list_id": 1,
"first_name": "Alice"
}'`,
  batch: String.raw`curl -X POST https://usemaily.xyz/api/v1/subscribers/batch \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"list_id": 1,
"subscribers": [
{ "email": "alice@example.com", "first_name": "Alice", "tags": ["imported"] },
{ "email": "bob@example.com", "first_name": "Bob" }
]
}'`,
  unsubscribe: String.raw`curl -X DELETE "https://usemaily.xyz/api/v1/subscribers/alice@example.com?list_id=1" \
-H "Authorization: Bearer YOUR_API_KEY"`,
} as const;

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
  await aList(api);
});
afterAll(() => api.close());

const run = async (sample: keyof typeof SAMPLES) => {
  const { method, url, ...rest } = readCurl(SAMPLES[sample].replace('YOUR_API_KEY', api.key));
  const answer = await api.call(`${method} ${url.replace('https://usemaily.xyz', '')}`, { key: null, ...rest });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};

const ALICE = {
  id: expect.any(Number),
  list_id: 1,
  email: 'alice@example.com',
  first_name: 'Alice',
  last_name: null,
  status: 'active',
  subscribed_at: expect.stringMatching(/\+00:00$/),
  unsubscribed_at: null,
};

test('creating a subscriber: 201 for net-new, 200 for an idempotent re-add', async () => {
  expect(await run('create')).toMatchObject({ status: 201, body: { data: ALICE } });
  expect(await run('create')).toMatchObject({ status: 200, body: { data: ALICE } });
});

test('listing lists', async () => {
  expect(await run('lists')).toMatchObject({
    status: 200,
    body: {
      data: [
        {
          id: 1,
          name: 'Newsletter',
          description: null,
          total_subscribers: 1,
          active_subscribers: 1,
          created_at: expect.stringMatching(/\+00:00$/),
        },
      ],
    },
  });
});

test('batch upsert', async () => {
  expect(await run('batch')).toEqual({
    status: 200,
    body: {
      data: {
        list_id: 1,
        created: 1,
        updated: 1,
        reactivated: 0,
        invalid: 0,
        skipped_over_cap: 0,
        invalid_examples: [],
      },
      meta: { received: 2, processed: 2 },
    },
  });
});

test('unsubscribing answers 204, also the second time', async () => {
  expect(await run('unsubscribe')).toEqual({ status: 204, body: undefined });
  expect(await run('unsubscribe')).toEqual({ status: 204, body: undefined });
});

test('listing subscribers', async () => {
  expect(await run('subscribers')).toMatchObject({
    status: 200,
    body: {
      data: [
        { ...ALICE, status: 'unsubscribed', unsubscribed_at: expect.stringMatching(/\+00:00$/) },
        { email: 'bob@example.com' },
      ],
      meta: { current_page: 1, per_page: 50, last_page: 1, total: 2 },
    },
  });
});

test('a validation error reads as documented', async () => {
  const answer = await api.call('POST /api/v1/subscribers', { payload: { list_id: 1 } });
  expect(answer.statusCode).toBe(422);
  expect(answer.json()).toEqual({
    error: {
      code: 'validation_failed',
      message: 'One or more fields are invalid.',
      errors: { email: ['The email field is required.'] },
    },
  });
});
