import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sweepIssue } from '../../../../activities/newsletter/sweep.js';
import { idleEngine } from '../../../../api/engine/engine.js';
import { now, useClock } from '../../../../clock.js';
import type { Issue } from '../../../../store/newsletters/issues.js';
import { aList, anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;
let wake = () => {};
const FEED = { kind: 'feed', url: 'https://acme.example/blog.xml' };

beforeAll(async () => {
  api = await anApi({ OPENAI_API_KEY: 'sk-test' }, { engine: { ...idleEngine, notifyIssue: () => wake() } });
  list = await aList(api);
});
afterAll(() => api.close());

const untouched = {
  reconcileSchedule: async () => undefined,
  deleteSchedule: async () => undefined,
  scheduledNewsletters: async () => [],
  issueWorkflowStatus: async () => ({ status: 'unknown', closedAt: null }) as const,
  notifyIssue: () => Promise.reject(new Error('begun again')),
};

const call = async (route: string, payload: object = {}, key?: string) => {
  const [method, path] = route.split(' ');
  const bodied = method === 'GET' || method === 'DELETE' ? {} : { payload };
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const answer = await api.call(`${method} /api/v1/newsletters${path ?? ''}`, { ...bodied, headers });
  return { status: answer.statusCode, ...(answer.body === '' ? {} : answer.json()) };
};
const made = (over: object = {}, key?: string) =>
  call(
    'POST ',
    {
      name: 'Acme weekly',
      list_id: list,
      schedule: { cron: '0 9 * * 5', zone: 'Europe/Berlin' },
      source: FEED,
      ...over,
    },
    key,
  );

test('a newsletter needs a list, a schedule and a source; the other fields have defaults', async () => {
  const { status, data } = await made();
  expect(status).toBe(201);
  expect(data).toMatchObject({
    state: 'active',
    source: { ...FEED, max_items: 10 },
    schedule: {
      cron: '0 9 * * 5',
      overlap: 'skip',
      catch_up_minutes: 60,
      lead_minutes: 15,
      skip: [],
      jitter_seconds: 0,
    },
    approval: false,
    on_expiry: 'skip',
    max_recipients: null,
  });
  expect((await call(`GET /${data.id}`)).data).toEqual(data);
  expect((await call('GET ')).data.map(({ id }: { id: number }) => id)).toContain(data.id);
});

test.each([
  [{ cron: '0 9 30 2 *' }, 'schedule.cron'],
  [{ cron: '0 9 31 4,6,9,11 *' }, 'schedule.cron'],
  [{ cron: '* * 30-31 feb *', zone: 'America/Sao_Paulo' }, 'schedule.cron'],
  [{ calendar: { days: [31], months: [2, 4] } }, 'schedule.calendar'],
])('the schedule %j, which never fires, is refused', async (schedule, field) => {
  const sentence = `The ${field} matches no day of the next eight years.`;
  const refused = await made({ schedule });
  expect([refused.status, refused.error.errors]).toEqual([422, { [field]: [sentence] }]);
  const { id } = (await made()).data;
  expect((await call(`PATCH /${id}`, { schedule })).error.errors).toEqual({ [field]: [sentence] });
});

test.each(['0 9 29 2 *', '0 9 31 * *', '0 0 1 1 *'])('the rare schedule %s is accepted', async (cron) => {
  const { status, data } = await made({ schedule: { cron } });
  expect([status, typeof data.next_at]).toEqual([201, 'string']);
});

test('an issue that is triggered is sent once it is ready: its sending time is not in the future', async () => {
  const { id } = (await made({ schedule: { cron: '0 9 * * 5', lead_minutes: 15 }, approval: false })).data;
  const issue = (await call(`POST /${id}/trigger`)).data;
  expect(issue.send_at).toBe(issue.created_at);
  const launched_at = new Date(now().getTime() + 90_000);
  const rows = api.store.db.collection<Issue>('issues');
  await rows.updateOne({ _id: issue.id }, { $set: { state: 'launched', launched_at } });
  const [after] = (await call(`GET /${id}/issues`)).data;
  expect(after.send_at).toBe(after.launched_at);
});

test('the next ten issues have their times in the zone and their sending times', async () => {
  const schedule = {
    cron: '30 9 * * 1',
    zone: 'America/New_York',
    start_at: '2027-03-01T00:00:00Z',
    skip: ['2027-03-15'],
  };
  const { data } = await made({ schedule: { ...schedule, lead_minutes: 60 } });
  const next = (await call(`GET /${data.id}/next`)).data;
  expect(next).toHaveLength(10);
  expect(next.slice(0, 3)).toEqual([
    { scheduled_at: '2027-03-01T14:30:00+00:00', send_at: '2027-03-01T15:30:00+00:00', local: 'Mon 01 Mar 2027 09:30' },
    { scheduled_at: '2027-03-08T14:30:00+00:00', send_at: '2027-03-08T15:30:00+00:00', local: 'Mon 08 Mar 2027 09:30' },
    { scheduled_at: '2027-03-22T13:30:00+00:00', send_at: '2027-03-22T14:30:00+00:00', local: 'Mon 22 Mar 2027 09:30' },
  ]);
});

test('a calendar gives the same times as its cron expression', async () => {
  const calendar = { minutes: [0], hours: [9], weekdays: [5] };
  const { data } = await made({ schedule: { calendar, zone: 'Europe/Berlin' } });
  const other = (await made()).data;
  expect((await call(`GET /${data.id}/next`)).data).toEqual((await call(`GET /${other.id}/next`)).data);
  expect(data.schedule).toMatchObject({ cron: null, calendar });
});

describe('invalid settings are refused by field', () => {
  test.each([
    [{ schedule: { cron: '0 9 * *' } }, 'schedule.cron'],
    [{ schedule: { cron: '0 9 1 * 5' } }, 'schedule.cron'],
    [{ schedule: { zone: 'UTC' } }, 'schedule.cron'],
    [{ schedule: { cron: '0 9 * * *', zone: 'Mars/Olympus' } }, 'schedule.zone'],
    [{ schedule: { cron: '0 9 * * *', calendar: {} } }, 'schedule.calendar'],
    [{ source: { kind: 'feed', url: 'http://127.0.0.1/feed' } }, 'source.url'],
    [{ source: { kind: 'json', url: 'https://acme.example/data.json' } }, 'html'],
    [{ source: { kind: 'ai' } }, 'source.prompt'],
    [{ html: '{% for a in items %}' }, 'html'],
    [{ list_id: 999_999 }, 'list_id'],
  ])('%j', async (over, field) => {
    const { status, error } = await made(over);
    expect([status, Object.keys(error.errors)]).toEqual([422, [field]]);
  });

  test('test mails go to members, and approval needs an approver in the account', async () => {
    expect((await made({ test_to: ['other@example.com'] })).error.code).toBe('receiver_not_a_member');
    expect((await made({ approval: true })).error.code).toBe('no_approvers');
  });
});

test('a patch changes only the given fields, also nested ones', async () => {
  const { data } = await made({ max_recipients: 10 });
  const after = (await call(`PATCH /${data.id}`, { schedule: { skip: ['2026-12-25'] }, min_gap_minutes: 60 })).data;
  expect(after).toMatchObject({ max_recipients: 10, min_gap_minutes: 60, source: data.source });
  expect(after.schedule).toEqual({ ...data.schedule, skip: ['2026-12-25'] });
});

test('a paused newsletter has no next time; pausing twice is pausing once', async () => {
  const { data } = await made();
  expect((await call(`POST /${data.id}/pause`)).data).toMatchObject({ state: 'paused', next_at: null });
  expect((await call(`POST /${data.id}/pause`)).status).toBe(200);
  expect((await call(`POST /${data.id}/resume`)).data).toMatchObject({ state: 'active', next_at: data.next_at });
});

test('a double click on trigger begins one issue, also with another key; a given time must be one of its past times', async () => {
  const { data } = await made({ schedule: { cron: '0 9 * * *', zone: 'UTC' } });
  const [one, two] = [
    await call(`POST /${data.id}/trigger`, {}, 'first'),
    await call(`POST /${data.id}/trigger`, {}, 'second'),
  ];
  expect([one.status, one.data.kind, two.data.id]).toEqual([202, 'triggered', one.data.id]);
  const day = new Date(now().getTime() - 86_400_000).toISOString().slice(0, 10);
  const missed = await call(`POST /${data.id}/trigger`, { scheduled_at: `${day}T09:00:00Z` });
  expect(missed.data.id).toBe(`${data.id}:${day}T09:00:00Z`);
  for (const time of [`${day}T09:01:00Z`, '2099-01-01T09:00:00Z']) {
    expect((await call(`POST /${data.id}/trigger`, { scheduled_at: time })).error.code).toBe('not_a_time');
  }
  expect((await call(`GET /${data.id}/issues`)).data).toHaveLength(2);
});

test('a repeated trigger begins one issue after a lost response, a full minute or the end of the issue', async () => {
  const { data } = await made();
  const start = Math.ceil(now().getTime() / 60_000) * 60_000 + 59_500;
  const at = async (after: number, key?: string) => {
    const real = useClock({ now: () => new Date(start + after) });
    return call(`POST /${data.id}/trigger`, {}, key).finally(real);
  };
  wake = () => {
    wake = () => {};
    throw new Error('killed');
  };
  expect((await at(0, 'lost')).status).toBe(500);
  const first = (await at(90_000, 'lost')).data;
  await api.deps.issues.skip({ _id: first.id, account: api.account }, 'no_data');
  expect((await at(1_000)).data.id).toBe(first.id);
  expect((await call(`GET /${data.id}/issues`)).data).toHaveLength(1);
  expect((await at(61_000)).data.id).not.toBe(first.id);
});

test('concurrent triggers on both sides of a full minute begin one issue, with any keys', async () => {
  const { data } = await made();
  const fullMinute = Math.ceil(now().getTime() / 60_000) * 60_000 + 120_000;
  let reads = 0;
  const real = useClock({ now: () => new Date(fullMinute + (reads++ % 2 === 0 ? -1 : 1)) });
  const clicks = Array.from({ length: 8 }, (_, i) => call(`POST /${data.id}/trigger`, {}, `click-${i}`));
  const answers = await Promise.all(clicks).finally(real);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  expect(new Set(answers.map((answer) => answer.data.id)).size).toBe(1);
  expect((await call(`GET /${data.id}/issues`)).data).toHaveLength(1);
});

test('data is accepted until the next issue is sent, and only for a data source', async () => {
  const { data } = await made({ source: { kind: 'data' }, html: '{{ data.headline }}' });
  const pushed = await call(`PUT /${data.id}/data`, { data: { headline: 'Tulips' } });
  const [next] = (await call(`GET /${data.id}/next`)).data;
  expect(pushed.data.deadline).toBe(next.send_at);
  const other = (await made()).data;
  expect((await call(`PUT /${other.id}/data`, { data: { a: 1 } })).error.code).toBe('no_data_expected');
});

test('the sweep finishes an interrupted removal and begins no issue of the newsletter', async () => {
  const { data } = await made({ source: { kind: 'data' }, html: '{{ data.word }}' });
  await call(`PUT /${data.id}/data`, { data: { word: 'Tulips' } });
  await call(`POST /${data.id}/trigger`);
  const { account, deps } = api;
  await deps.newsletters.remove(account, data.id);
  const [left] = await deps.issues.openIssues(account, data.id);
  const times = { lease: 1_000 };
  await sweepIssue({ ...deps, times, engine: untouched }, left as Issue);
  expect(await deps.issues.openIssues(account, data.id)).toEqual([]);
  expect(await deps.pushedData.take(account, data.id, 'any')).toBeNull();
});

test('the same key creates one newsletter; a removal deletes its issues too', async () => {
  const { data } = await made({}, 'once');
  expect((await made({}, 'once')).data.id).toBe(data.id);
  await call(`POST /${data.id}/trigger`);
  expect((await call(`DELETE /${data.id}`)).status).toBe(204);
  expect((await call(`GET /${data.id}`)).status).toBe(404);
  expect(await api.deps.issues.openIssues(api.account, data.id)).toEqual([]);
});
