import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DRAFT_SENTENCES } from '../../../domain/draft/draft.js';
import { aList, aSubscriber } from '../../support/api/api.js';
import { readCurl } from '../../support/api/curl.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { aDraftAnswer, fails, refuses, says, silence } from '../../support/scripted/model-server.js';
import { until } from '../../support/until.js';

const LIMIT = 60_000;
/** As documented, plus a link in the prompt that the draft may use. */
const HEADLINE = String.raw`curl -X POST https://usemaily.xyz/api/v1/campaigns \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"list_id": 1,
"ai": {
"prompt": "Announce our new pricing tiers and free 14-day trial."
},
"send": true
}'`;

const PROMPT = 'Announce our new pricing tiers, see https://acme.example/pricing.';
const PLAIN = aDraftAnswer({ blocks: [{ type: 'paragraph', text: 'Hello {{ first_name | default: "there" }}!' }] });

let everpost: DraftEverpost;
let list: number;
beforeAll(async () => {
  everpost = await draftEverpost();
  list = await aList(everpost.api);
  await aSubscriber(everpost.api, list, { first_name: 'Alice' });
  await everpost.startWorker();
});
afterAll(() => everpost?.close());

const post = async (path: string, payload: object, key?: string) => {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const answer = await everpost.api.call(`POST /api/v1/campaigns${path}`, { payload, headers });
  return { status: answer.statusCode, ...answer.json() };
};
const asked = (over: object = {}, key?: string) => post('', { list_id: list, ai: { prompt: PROMPT }, ...over }, key);
const get = async (path: string) => (await everpost.api.call(`GET /api/v1/campaigns/${path}`)).json().data;
const untilState = (id: number, state: string) => until(async () => (await get(String(id))).state === state, LIMIT);

test('the first request of the documents is drafted, launched and delivered', async () => {
  everpost.model.script(says(PLAIN));
  const { url, ...rest } = readCurl(HEADLINE.replace('YOUR_API_KEY', everpost.api.key));
  const answer = await everpost.api.call(`POST ${url.replace('https://usemaily.xyz', '')}`, { key: null, ...rest });
  expect(answer.statusCode).toBe(201);
  const { data } = answer.json();
  expect(data).toMatchObject({ subject: PLAIN.subject, preheader: PLAIN.preheader, creation_method: 'ai' });
  expect(data.status).toMatch(/^(sending|sent)$/);
  await untilState(data.id, 'sent');
  const mail = await PostalMime.parse(everpost.receiver.accepted.at(-1)?.raw ?? '');
  expect([mail.subject, mail.to?.[0]?.address]).toEqual([PLAIN.subject, 'alice@example.com']);
  // The default template is applied; its footer and the header have the same unsubscribe link.
  expect(mail.html).toMatch(/class="ep-content"[\s\S]*<p[^>]*>Hello Alice!<\/p>[\s\S]*<a [^>]*>Unsubscribe<\/a>/);
  expect(mail.text).toContain('Hello Alice!');
  const header = (name: string) => mail.headers.find(({ key }) => key === name)?.value ?? '';
  const [, unsubscribe = 'none'] = /<(http[^>]+\/u\/[^>]+)>/.exec(header('list-unsubscribe')) ?? [];
  expect(mail.html).toContain(`href="${unsubscribe}"`);
  expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
  const sent = JSON.stringify(everpost.model.asked);
  expect(sent).not.toMatch(/alice@example\.com|Alice/);
  expect(sent).toContain('- first_name');
});

test('the content of a draft is checked: errors pause the campaign before its first mail, and corrected it is sent', async () => {
  everpost.model.script(says(PLAIN));
  const put = (brand: object) => everpost.api.call('PUT /api/v1/account/brand', { payload: brand });
  await put({ name: 'Acme', website: 'https://acme.example' });
  const before = everpost.receiver.accepted.length;
  const { data } = await asked({ send: true });
  await untilState(data.id, 'paused');
  expect(await get(String(data.id))).toMatchObject({ reason: 'content_blocked', recipient_count: 0 });
  const events = () => everpost.api.store.db.collection('events');
  const pausedEvent = () => events().findOne({ campaign: data.id, type: 'campaign.paused' });
  await until(async () => (await pausedEvent()) !== null, LIMIT);
  expect((await pausedEvent())?.['data']).toEqual({ reason: 'content_blocked' });
  await put({ name: 'Acme', website: 'https://acme.example', postal_address: '1 Harbour Road' });
  await post(`/${data.id}/resume`, {});
  await untilState(data.id, 'sent');
  expect(everpost.receiver.accepted).toHaveLength(before + 1);
  expect(everpost.receiver.accepted.at(-1)?.raw?.toString()).toContain('1 Harbour Road');
});

test('without send it is a draft; given subject and preheader stay', async () => {
  everpost.model.script(says(aDraftAnswer()));
  const { status, data } = await asked({ subject: 'Mine', preheader: 'Also mine' });
  expect([status, data.state, data.subject, data.preheader]).toEqual([201, 'draft', 'Mine', 'Also mine']);
  expect(data.content).toContain('<a class="ep-button-link" href="https://acme.example/pricing">');
  expect(data.content).toContain('{{ first_name | default: "there" }}');
});

describe('the answers of the model', () => {
  test('a draft with a fault is repaired once', async () => {
    everpost.model.script(says('Sure! Here it is.'), says(aDraftAnswer()));
    const { data } = await asked();
    expect(data.subject).toBe('Our new pricing tiers');
    const [draft] = await get(`${data.id}/drafts`);
    expect(draft).toMatchObject({ n: 1, state: 'ready', chosen: true, said: null });
    expect(draft.calls.map(({ cost_micros }: { cost_micros: number }) => cost_micros)).toEqual([550, 550]);
  });

  test('a rate limit delays the retry by the given time', async () => {
    everpost.model.script(fails(429, { 'retry-after-ms': '50' }), says(aDraftAnswer()));
    expect((await asked()).data.state).toBe('draft');
    expect(everpost.model.asked).toHaveLength(2);
  });

  test.each([
    ['it refuses', [refuses('No.')], 'refused', 1],
    ['it is cut off twice', [says('{"subj', { finish_reason: 'length' })], 'truncated', 2],
    ['it gives unusable output twice', [says('{"subject": 7}')], 'unusable', 2],
    ['its key is wrong', [fails(401)], 'rejected', 1],
    ['its limit does not end', [fails(429, { 'retry-after-ms': '5' })], 'unavailable', 5],
    ['its server fails at every try', [fails(500)], 'unavailable', 5],
    ['its limit ends in half a minute', [fails(429, { 'retry-after': '30' })], 'unavailable', 1],
    ['its limit ends tomorrow', [fails(429, { 'retry-after': '86400' })], 'unavailable', 1],
  ] as const)('%s: 502, and the campaign is kept', async (_what, script, reason, calls) => {
    everpost.model.script(...script);
    const { status, error } = await asked({ send: true });
    expect([status, error.code, error.details.reason]).toEqual([502, 'ai_failed', reason]);
    expect(everpost.model.asked).toHaveLength(calls);
    expect(await get(String(error.details.campaign_id))).toMatchObject({ state: 'draft', reason: 'ai_failed' });
    const [draft] = await get(`${error.details.campaign_id}/drafts`);
    expect(draft).toMatchObject({ state: 'failed', reason, chosen: false });
    expect(draft.calls).toHaveLength(calls);
    const workflow = everpost.client.workflow.getHandle(`draft/${error.details.campaign_id}/1`);
    expect(await workflow.result()).toBe(`failed: ${DRAFT_SENTENCES[reason]}`);
  });
});

test('after a failure a request with the same key retries the same campaign', async () => {
  everpost.model.script(refuses('No.'));
  const failed = await asked({}, 'again-1');
  everpost.model.script(says(aDraftAnswer()));
  const { data } = await asked({}, 'again-1');
  expect([data.id, data.state]).toEqual([failed.error.details.campaign_id, 'draft']);
  expect((await asked({}, 'again-1')).data.id).toBe(data.id);
  expect((await get(`${data.id}/drafts`)).map(({ state }: { state: string }) => state)).toEqual(['failed', 'ready']);
});

test('another version changes nothing until it is chosen', async () => {
  everpost.model.script(says(aDraftAnswer()));
  const { data } = await asked();
  everpost.model.script(says(PLAIN));
  const another = await post(`/${data.id}/drafts`, { prompt: 'The same, but shorter.' });
  expect([another.status, another.data.n, another.data.chosen]).toEqual([201, 2, false]);
  expect((await get(String(data.id))).content).toBe(data.content);
  const chosen = await post(`/${data.id}/drafts/2/choose`, {});
  expect(chosen.data.content).toContain('<p>Hello');
  expect((await get(`${data.id}/drafts`)).map((one: { chosen: boolean }) => one.chosen)).toEqual([false, true]);
});

test('cancel ends drafting: the call is aborted, and nothing is sent', async () => {
  everpost.model.script(silence);
  const answer = asked({ send: true });
  await until(() => everpost.model.asked.length === 1, LIMIT);
  const [{ id }] = (await everpost.api.call('GET /api/v1/campaigns?state=drafting')).json().data;
  expect((await post(`/${id}/cancel`, {})).data.state).toBe('draft');
  expect((await answer).data).toMatchObject({ id, state: 'draft', content: '' });
  await until(() => everpost.model.waiting() === 0, LIMIT);
  expect((await get(`${id}/drafts`))[0].state).toBe('cancelled');
  expect((await post(`/${id}/send`, {})).error.errors).toHaveProperty('html');
});

test('the sweep finds a draft whose start was lost', async () => {
  everpost.model.script(says(PLAIN));
  const { deps, account } = everpost.api;
  const request = { prompt: PROMPT, source: null, links: [], given: { subject: null, preheader: null } };
  const { data } = await asked();
  const { n } = await deps.drafts.request(account, data.id, request);
  // The sweep is due at once instead of after five seconds.
  const drafts = everpost.api.store.db.collection('drafts');
  await drafts.updateOne({ campaign: data.id, n }, { $set: { sweep_at: new Date(0) } });
  await until(async () => (await get(`${data.id}/drafts`))[n - 1].state === 'ready', LIMIT);
});
