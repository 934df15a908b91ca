import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftSettling } from '../../../../activities/draft/draft.js';
import { now } from '../../../../clock.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  LETTER,
  recordingCampaignEngine,
  rowOf,
} from '../../../support/api/campaigns.js';
import { aDraftAnswer } from '../../../support/scripted/model-server.js';

/** Temporal is down in these tests: no workflow runs. */
const cancelled: number[] = [];
const engine = { ...recordingCampaignEngine(), cancelDraft: ({ n }: { n: number }) => void cancelled.push(n) };
let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi({ OPENAI_API_KEY: 'sk-test' }, { engine });
  list = await aListWithSubscriber(api);
});
afterAll(() => api.close());

const call = async (route: string, payload?: object) => {
  const answer = await api.call(route.replace(' /', ' /api/v1/campaigns/'), payload && { payload });
  return { status: answer.statusCode, ...(answer.statusCode === 204 ? {} : answer.json()) };
};
const ai = { prompt: 'Announce our new pricing tiers.' };
const drafted = async (over: object = {}) => {
  const answer = await api.call('POST /api/v1/campaigns', { payload: { list_id: list, ai, ...over } });
  return { status: answer.statusCode, ...answer.json() };
};
/** The write of the worker at the end of a draft. */
const settled = async (campaign: number, n = 1) => {
  await api.deps.drafts.ready({ account: api.account, campaign, n }, aDraftAnswer() as never);
  const steps = draftSettling({ ...api.deps, engine: { notifyCampaign: async () => undefined } });
  return steps.settleDraft({ account: api.account, campaign, n }, 'written');
};

test('while Temporal is down a draft is accepted, waits for the sweep and locks its campaign', async () => {
  const { status, data } = await drafted();
  expect([status, data.state, data.status, data.creation_method]).toEqual([201, 'drafting', 'draft', 'ai']);
  const [draft] = (await call(`GET /${data.id}/drafts`)).data;
  expect(draft).toMatchObject({ n: 1, state: 'waiting', prompt: ai.prompt, content: null, calls: [] });
  const found = await api.deps.drafts.find({ account: api.account, campaign: data.id, n: 1 });
  expect(Math.abs((found?.sweep_at?.getTime() ?? 0) - now().getTime())).toBeLessThan(60_000);
  for (const [route, payload] of [
    ['PATCH /', { subject: 'Mine' }],
    ['POST //send', {}],
    ['POST //drafts', {}],
  ] as const) {
    const [method, path] = route.split(' /');
    expect((await call(`${method} /${data.id}${path}`, payload)).error.code).toBe('busy');
  }
});

test('a given time is kept: the campaign is scheduled when its text is written', async () => {
  const { data } = await drafted({ scheduled_at: '2126-05-22T13:00:00Z' });
  expect([data.state, data.scheduled_at]).toEqual(['drafting', null]);
  expect(await settled(data.id)).toBe('ready');
  const after = (await call(`GET /${data.id}`)).data;
  expect(after).toMatchObject({ state: 'scheduled', scheduled_at: '2126-05-22T13:00:00+00:00', name: after.subject });
  expect(await rowOf(api, data.id)).toMatchObject({ launch: 1, revision: 2, pinned: 2, chosen_draft: 1 });
});

test('a text that arrives after the cancel is kept as a version and is not sent', async () => {
  const { data } = await drafted({ send: true });
  const { deps, account } = api;
  const before = await rowOf(api, data.id);
  if (before === null) throw new Error('the campaign is gone');
  await deps.campaigns.withdraw(before);
  expect(await settled(data.id)).toBe('ready');
  expect((await call(`GET /${data.id}`)).data).toMatchObject({ state: 'draft', content: '' });
  const events = deps.store.db.collection('events').find({ account, campaign: data.id, type: /^draft\./ });
  expect((await events.toArray()).map(({ type }) => type)).toEqual(['draft.ready']);
  expect((await call(`POST /${data.id}/drafts/1/choose`, {})).data.subject).toBe('Our new pricing tiers');
});

test('cancel and DELETE end drafting; deleting the campaign deletes its drafts', async () => {
  cancelled.length = 0;
  const one = (await drafted()).data.id;
  expect((await call(`POST /${one}/cancel`, {})).data.state).toBe('draft');
  expect((await call(`GET /${one}/drafts`)).data[0].state).toBe('cancelled');
  const two = (await drafted()).data.id;
  expect((await call(`DELETE /${two}`)).status).toBe(204);
  expect(await api.deps.drafts.ofCampaign(api.account, two)).toEqual([]);
  expect(await settled(two)).toBe('gone');
  expect(cancelled).toEqual([1, 1]);
});

test.each([
  ['a prompt too short', { ai: { prompt: 'Hi' } }, 'ai.prompt'],
  ['a prompt too long', { ai: { prompt: 'x'.repeat(2001) } }, 'ai.prompt'],
  ['a link that is none', { ai: { ...ai, links: ['javascript:alert(1)'] } }, 'ai.links.0'],
  ['html beside it', { html: '<p>x</p>' }, 'html'],
])('%s is refused', async (_what, over, field) => {
  const { status, error } = await drafted(over);
  expect([status, Object.keys(error.errors)]).toEqual([422, [field]]);
});

test('a campaign from HTML may have drafts too: the first one needs a prompt, and only a finished one is chosen', async () => {
  const id = await aCampaign(api, list);
  expect((await call(`POST /${id}/drafts`, {})).error.errors).toHaveProperty('prompt');
  expect((await call(`POST /${id}/drafts`, ai)).data).toMatchObject({ n: 1, state: 'waiting' });
  expect((await call(`POST /${id}/drafts/1/choose`, {})).error.code).toBe('draft_not_ready');
  expect((await call(`POST /${id}/drafts/9/choose`, {})).status).toBe(404);
  expect((await call(`GET /${id}`)).data).toMatchObject({ state: 'draft', content: LETTER.html });
});
