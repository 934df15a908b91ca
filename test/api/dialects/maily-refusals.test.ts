import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../../config.js';
import { aClient, aList, anApi, aStranger, aSubscriber, type Call, type TestApi } from '../../support/api/api.js';
import { aCampaign, forceCampaign } from '../../support/api/campaigns.js';
import { documentText } from '../../support/dialects/documents.js';

let api: TestApi;
let drafting: TestApi;
let list: number;
let sent: number;
let foreign: string;

beforeAll(async () => {
  api = await anApi();
  drafting = await anApi({ OPENAI_API_KEY: 'a key' });
  list = await aList(api);
  await aSubscriber(api, list);
  sent = await aCampaign(api, list);
  await forceCampaign(api, sent, { state: 'sent' });
  foreign = (await aStranger(api)).key;
});
afterAll(() => Promise.all([api?.close(), drafting?.close()]));

/** One request of an agency's client with this plan and a list of its own. */
async function planned(on: TestApi, plan: object, route: string, body: (list: number) => object) {
  const { account, key } = await aClient(on, 'Planned');
  const call = (path: string, options: Call = {}) => on.call(path, { key, ...options });
  const own = await aList({ ...on, call });
  await aSubscriber({ ...on, call }, own);
  await on.call(`PATCH /api/v1/agency/clients/${account}`, { payload: { plan } });
  return call(route, { payload: body(own) });
}

const html = { subject: 'x', html: '<p>x</p>' };
const ai = { ai: { prompt: 'Announce our new tiers.' } };
const person = (list_id: number) => ({ list_id, email: 'more@example.com' });
const CAMPAIGNS = 'POST /api/v1/campaigns';

interface Case {
  readonly status: number;
  readonly code?: string;
  readonly provoke: () => Promise<{ statusCode: number; body: string; json(): { error: { code: string } } }>;
}

/** Every status and code of the document, with a request that provokes it. */
const CASES: readonly Case[] = [
  { status: 200, provoke: () => api.call('GET /api/v1/lists') },
  { status: 201, provoke: () => api.call('POST /api/v1/subscribers', { payload: person(list) }) },
  { status: 204, provoke: () => api.call('DELETE /api/v1/subscribers/more@example.com') },
  { status: 401, provoke: () => api.call('GET /api/v1/lists', { key: null }) },
  {
    status: 402,
    code: 'subscriber_limit_reached',
    provoke: () => planned(api, { subscribers: 1 }, 'POST /api/v1/subscribers', person),
  },
  {
    status: 402,
    code: 'campaign_limit_reached',
    provoke: () => planned(api, { campaigns: 0 }, CAMPAIGNS, (list_id) => ({ list_id, ...html })),
  },
  {
    status: 402,
    code: 'ai_not_available',
    provoke: () => planned(drafting, { ai: false }, CAMPAIGNS, (list_id) => ({ list_id, ...ai })),
  },
  { status: 403, provoke: () => api.call(`GET /api/v1/lists/${list}`, { key: foreign }) },
  { status: 404, provoke: () => api.call('GET /api/v1/lists/999999') },
  { status: 409, code: 'already_sent', provoke: () => api.call(`POST /api/v1/campaigns/${sent}/send`) },
  { status: 409, code: 'cannot_delete', provoke: () => api.call(`DELETE /api/v1/campaigns/${sent}`) },
  { status: 422, code: 'validation_failed', provoke: () => api.call('POST /api/v1/subscribers', { payload: {} }) },
  {
    status: 429,
    code: 'ai_quota_exceeded',
    provoke: () => planned(drafting, { ai_drafts_per_month: 0 }, CAMPAIGNS, (list_id) => ({ list_id, ...ai })),
  },
  {
    status: 429,
    code: 'quota_exceeded',
    provoke: () => planned(api, { emails_per_month: 0 }, CAMPAIGNS, (list_id) => ({ list_id, ...html, send: true })),
  },
];

test.each(CASES)('$status $code', async ({ status, code, provoke }) => {
  const answer = await provoke();
  expect(answer.statusCode, answer.body).toBe(status);
  if (code !== undefined) expect(answer.json().error.code).toBe(code);
});

/** Tested with the model, which needs a worker. */
const ELSEWHERE: Readonly<Record<string, string>> = { '502': 'test/workflows/draft/draft.test.ts' };

test('every status and code of the document is covered', () => {
  const text = documentText('maily');
  const documented = [...text.matchAll(/^\| (\d{3}|\w+_(?:reached|available|exceeded)) \|/gm)].map(
    ([, what = '']) => what,
  );
  expect(documented).toHaveLength(16);
  const provoked = CASES.flatMap(({ status, code = '' }) => [String(status), code]);
  const left = documented.filter((what) => !provoked.includes(what));
  expect(left).toEqual(Object.keys(ELSEWHERE));
  for (const what of left) {
    expect(readFileSync(join(packageRoot(), ELSEWHERE[what] ?? ''), 'utf8')).toContain(what);
  }
});
