import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useClock } from '../../../../clock.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  forceCampaign,
  LETTER,
  recordingCampaignEngine,
  rowOf,
} from '../../../support/api/campaigns.js';
import { anException, aPage, insertPages } from '../../../support/store/ledger-pages.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi({}, { engine: recordingCampaignEngine() });
  list = await aListWithSubscriber(api);
});
afterAll(() => api.close());

const on = (id: number, action: string, payload: object = {}) =>
  api.call(`POST /api/v1/campaigns/${id}/${action}`, { payload });

test('of two concurrent sends one launches, the other is refused as already sending', async () => {
  const id = await aCampaign(api, list);
  const answers = await Promise.all(Array.from({ length: 8 }, () => on(id, 'send')));
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array<number>(7).fill(409)]);
  expect(await rowOf(api, id)).toMatchObject({ launch: 1, state: 'freezing', want: { v: 1 } });
});

test('with If-Match a request with an outdated revision changes nothing; without it the last one wins', async () => {
  const id = await aCampaign(api, list);
  const at = `/api/v1/campaigns/${id}`;
  const tagOf = async () => String((await api.call(`GET ${at}`)).headers['etag']);
  const under = (tag: string, route: string, payload: object = {}) =>
    api.call(route.replace(' ', ` ${at}`), { payload, headers: { 'if-match': tag } });
  const read = await tagOf();
  const first = await under(read, 'PATCH ', { subject: 'First' });
  expect([first.statusCode, first.headers['etag']]).toEqual([200, await tagOf()]);
  for (const route of ['PATCH ', 'DELETE ', 'POST /send', 'POST /schedule']) {
    const payload = route === 'POST /schedule' ? { scheduled_at: null } : {};
    const refused = await under(read, route, payload);
    expect([route, refused.statusCode, refused.json().error.code]).toEqual([route, 412, 'revision_mismatch']);
  }
  expect(await rowOf(api, id)).toMatchObject({ subject: 'First', state: 'draft' });
  expect((await api.call(`PATCH ${at}`, { payload: { settings: { ttl_hours: 5 } } })).statusCode).toBe(200);
  expect((await under(String(first.headers['etag']), 'POST /send')).statusCode).toBe(412);
  expect((await under(await tagOf(), 'POST /send')).statusCode).toBe(200);
});

test('concurrent changes of settings are all kept', async () => {
  const id = await aCampaign(api, list);
  const patches = [{ ttl_hours: 5 }, { rate_per_second: 7 }, { on_uncertain: 'resend' }, { track_opens: false }];
  const answers = await Promise.all(
    patches.map((settings) => api.call(`PATCH /api/v1/campaigns/${id}`, { payload: { settings } })),
  );
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  const row = await rowOf(api, id);
  expect(row?.settings).toEqual({
    ttl_hours: 5,
    rate_per_second: 7,
    on_uncertain: 'resend',
    track_opens: false,
    track_clicks: true,
  });
});

test('a patch that is refused changes nothing of what it names', async () => {
  const id = await aCampaign(api, list);
  const before = await rowOf(api, id);
  for (const payload of [
    { subject: 'New', scheduled_at: '2126-05-22T13:00:00Z' },
    { subject: 'New', html: '{% if %}' },
    { subject: 'New', list_id: 999_999 },
    { subject: 'New', template_id: 999_999 },
  ]) {
    expect((await api.call(`PATCH /api/v1/campaigns/${id}`, { payload })).statusCode).toBe(422);
  }
  expect(await rowOf(api, id)).toEqual(before);
});

test('the rate of a call wins over the setting until it is lifted', async () => {
  const id = await aCampaign(api, list, { settings: { rate_per_second: 10 } });
  const rates = [];
  for (const per_second of [50, null]) rates.push((await on(id, 'rate', { per_second })).json().data.rate_per_second);
  expect(rates).toEqual([50, 10]);
  expect((await on(id, 'rate', { per_second: 0 })).statusCode).toBe(422);
});

describe('a campaign that was cancelled', () => {
  test('can be sent again when no recipient was claimed: its old pages are removed', async () => {
    const id = await aCampaign(api, list);
    await forceCampaign(api, id, { state: 'cancelled', round: 0, launch: 1, closed_at: new Date(0) });
    await insertPages(api.store, [aPage({ account: api.account, campaign: id, ids: [1], done: true })]);
    expect((await on(id, 'send')).json().data).toMatchObject({
      state: 'freezing',
      stats: { recipients: 0, rounds: 0 },
    });
    expect(await rowOf(api, id)).toMatchObject({ launch: 2, round: -1 });
  });

  test('is refused while its freeze may still be running', async () => {
    const id = await aCampaign(api, list);
    await forceCampaign(api, id, { state: 'cancelled', round: 0, launch: 1, closed_at: null });
    for (const action of ['send', 'schedule']) {
      const payload = action === 'send' ? {} : { scheduled_at: '2126-05-22T13:00:00Z' };
      expect((await on(id, action, payload)).json().error.code).toBe('busy');
    }
    expect((await api.call(`DELETE /api/v1/campaigns/${id}`)).json().error.code).toBe('busy');
  });
});

describe('retry', () => {
  const CLOSED = new Date('2026-05-15T09:00:00Z');
  const at = (minutes: number) => useClock({ now: () => new Date(CLOSED.getTime() + minutes * 60_000) });
  let id: number;

  beforeAll(async () => {
    id = await aCampaign(api, list, LETTER);
    await forceCampaign(api, id, {
      state: 'sent',
      round: 0,
      launch: 1,
      rounds: [{ takes: [], due: CLOSED }],
      closed_at: CLOSED,
    });
    const exceptions = [anException({ i: 0, kind: 'failed' }), anException({ i: 1, kind: 'uncertain', next: 1 })];
    const page = { account: api.account, campaign: id, ids: [41, 42, 43], settled: 3, claimed: 3, done: true };
    await insertPages(api.store, [aPage({ ...page, exceptions: exceptions })]);
  });

  test.each([
    ['before fifteen minutes are over', 14, { status: 'failed' }, 'too_early'],
    ['where no recipient has that status', 16, { status: 'uncertain' }, 'nothing_to_retry'],
    ['where no cancel left a recipient unsent', 0, { status: 'unsent' }, 'nothing_to_retry'],
    ['where none of the given recipients has that status', 16, { status: 'all', ids: [42, 43] }, 'nothing_to_retry'],
  ])('is refused %s', async (_, minutes, payload, code) => {
    const restore = at(minutes);
    try {
      const answer = await on(id, 'retry', payload);
      expect([answer.statusCode, answer.json().error.code]).toEqual([409, code]);
    } finally {
      restore();
    }
  });

  test('opens one further round, however often it is clicked', async () => {
    const restore = at(16);
    try {
      const answers = await Promise.all([1, 2, 3].map(() => on(id, 'retry', { status: 'all', ids: [41] })));
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409]);
      expect(await rowOf(api, id)).toMatchObject({
        state: 'sending',
        round: 1,
        closed_at: null,
        rounds: [{}, { takes: ['failed', 'uncertain', 'unsent'], only: [41] }],
      });
    } finally {
      restore();
    }
  });

  test('a campaign that has not closed yet is too early', async () => {
    const open = await aCampaign(api, list);
    await forceCampaign(api, open, { state: 'sent', closed_at: null });
    expect((await on(open, 'retry', { status: 'all' })).json().error.code).toBe('too_early');
    expect((await on(open, 'retry', {})).statusCode).toBe(422);
  });
});
