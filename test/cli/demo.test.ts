import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_KEY, thingsToTry } from '../../cli/demo.js';
import { aList, anApi, aSubscriber, type TestApi } from '../support/api/api.js';
import { aCampaign } from '../support/api/campaigns.js';
import { readCurl } from '../support/api/curl.js';

let api: TestApi;
let key: string;
let campaign: number;
beforeAll(async () => {
  api = await anApi({ RATE_LIMIT_PER_MINUTE: '' });
  key = (await api.deps.keys.issue(api.account, 'demo', DEMO_KEY)).secret;
  const list = await aList(api);
  await aSubscriber(api, list, { email: 'reader7@example.test' });
  campaign = await aCampaign(api, list);
});
afterAll(() => api.close());

test('the three things to try are commands that the API answers', async () => {
  const things = thingsToTry('http://127.0.0.1:3000', key, campaign);
  const answers = [];
  for (const thing of things) {
    const { method, url, ...request } = readCurl(thing.split('\n')[1]?.trim() ?? '');
    answers.push(await api.call(`${method} ${url.replace('http://127.0.0.1:3000', '')}`, { key: null, ...request }));
  }
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 200, 200]);
  expect(answers[1]?.json().data).toMatchObject({ email: 'reader7@example.test' });
  expect(answers[2]?.json().data[0]).toMatchObject({ type: expect.any(String) });
});

test('the key of the demo may read its campaign four times a second', async () => {
  const statuses = new Set<number>();
  for (let i = 0; i < 61; i++) statuses.add((await api.call(`GET /api/v1/campaigns/${campaign}`, { key })).statusCode);
  expect([...statuses]).toEqual([200]);
});
