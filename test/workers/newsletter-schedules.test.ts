import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orphanSweep, sweepNewsletter } from '../../activities/newsletter/sweep.js';
import { retryUntilClosed } from '../../api/engine/lazy-client.js';
import { now } from '../../clock.js';
import { shrunkTimes } from '../../domain/delivery/protocol.js';
import { calendarOf, EVERY_DAY } from '../../domain/newsletter/cron.js';
import { issueId } from '../../domain/newsletter/issue.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import { events } from '../../store/events/events.js';
import { type Issue, issues, pushedData } from '../../store/newsletters/issues.js';
import { type Newsletter, newsletters } from '../../store/newsletters/newsletters.js';
import { workerEngine } from '../../workers/engine.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { newsletterScheduleId } from '../../workflows/names.js';
import { testNamespace } from '../support/servers/test-servers.js';
import { aNewsletter, issuesOf } from '../support/store/newsletters.js';
import { ownStore } from '../support/store/own-store.js';
import { until } from '../support/until.js';

const store = ownStore();
const prefix = `schedules-${randomUUID()}`;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  const { address, namespace } = await testNamespace();
  connection = await Connection.connect({ address, interceptors: retryUntilClosed() });
  client = new Client({ connection, namespace });
});
afterAll(() => connection?.close());

const deps = () => ({
  newsletters: newsletters(store),
  issues: issues(store),
  campaigns: campaigns(store),
  events: events(store),
  pushedData: pushedData(store),
  engine: workerEngine({ client, prefix, publicUrl: 'http://everpost.test' }),
  times: { ...shrunkTimes(0.05), lease: 100 },
});
const handleOf = ({ _id }: Pick<Newsletter, '_id'>) => client.schedule.getHandle(newsletterScheduleId(prefix, _id));
const rowOf = async ({ account, _id }: Pick<Newsletter, 'account' | '_id'>): Promise<Newsletter> => {
  const row = await newsletters(store).find(account, _id);
  if (typeof row === 'string') throw new Error(row);
  return row;
};

test('the sweep creates a missing Schedule and leaves one that matches its row unchanged', async () => {
  const row = await aNewsletter(store, { skip: ['2027-12-25'], jitter_seconds: 60, overlap: 'buffer_one' });
  await sweepNewsletter(deps(), row);
  const made = await handleOf(row).describe();
  expect(made).toMatchObject({
    policies: { overlap: 'BUFFER_ONE', catchupWindow: 3_600_000 },
    state: { paused: false },
  });
  await sweepNewsletter(deps(), row);
  expect((await handleOf(row).describe()).info.lastUpdatedAt).toEqual(made.info.lastUpdatedAt);
});

test('a Schedule that was changed manually, or whose row changed, is updated from the row', async () => {
  const row = await aNewsletter(store);
  await sweepNewsletter(deps(), row);
  await handleOf(row).update((there) => ({
    ...there,
    spec: { ...there.spec, timezone: 'Asia/Tokyo' },
    state: { paused: true },
  }));
  await sweepNewsletter(deps(), row);
  expect(await handleOf(row).describe()).toMatchObject({ spec: { timezone: 'UTC' }, state: { paused: false } });
  await newsletters(store).change(row, { state: 'paused' });
  await sweepNewsletter(deps(), await rowOf(row));
  expect((await handleOf(row).describe()).state.paused).toBe(true);
  await handleOf(row).delete();
  await sweepNewsletter(deps(), await rowOf(row));
  expect((await handleOf(row).describe()).state.paused).toBe(true);
});

test('a Schedule without a newsletter is removed', async () => {
  const row = await aNewsletter(store);
  await sweepNewsletter(deps(), row);
  await newsletters(store).remove(row.account, row._id);
  await until(async () => {
    await orphanSweep(deps())();
    return handleOf(row)
      .describe()
      .then(
        () => false,
        () => true,
      );
  });
});

test('a missed time is started while its catch-up window is open, and recorded as missed afterwards', async () => {
  const account = (await aNewsletter(store)).account;
  const often = {
    ...EVERY_DAY,
    hour: Array.from({ length: 24 }, (_, i) => i),
    minute: Array.from({ length: 60 }, (_, i) => i),
  };
  const row = await aNewsletter(store, { calendars: [often], catch_up_seconds: 90, overlap: 'allow_all' });
  const past = new Date(row.created_at.getTime() - 300_000);
  await store.db
    .collection<Newsletter>('newsletters')
    .updateOne({ account, _id: row._id }, { $set: { accounted_until: past } });
  await sweepNewsletter(deps(), await rowOf(row));
  const missed = await issuesOf(store, row);
  expect(missed.length).toBeGreaterThanOrEqual(3);
  expect(new Set(missed.map(({ state, reason }) => `${state} ${reason}`))).toEqual(new Set(['skipped missed']));
  const begun: string[] = [];
  await until(async () => {
    for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType = "newsletterIssue"' }))
      begun.push(workflowId);
    return begun.length > 0;
  });
  expect(begun.every((id) => id.startsWith(`newsletter/${row._id}/issue-`))).toBe(true);
  const skipped = await store.db.collection('events').countDocuments({ type: 'newsletter.issue_skipped' });
  expect(skipped).toBe(missed.length);
});

test.each([0, 60])(
  'a time during an open issue is recorded as overlap, not as missed (catch-up %i min)',
  async (minutes) => {
    const open = new Date(Math.floor(now().getTime() / 60_000 - 30) * 60_000);
    const time = new Date(open.getTime() + 25 * 60_000);
    const calendars = [calendarOf({ hour: [time.getUTCHours()], minute: [time.getUTCMinutes()], second: [0] })];
    const { account, _id } = await aNewsletter(store, { calendars, overlap: 'skip', catch_up_seconds: minutes * 60 });
    const accounted_until = new Date(time.getTime() - 60_000);
    await store.db.collection<Newsletter>('newsletters').updateOne({ _id }, { $set: { accounted_until } });
    const first = { _id: issueId(_id, open), account, newsletter: _id, kind: 'scheduled', scheduled_at: open } as const;
    await issues(store).open({ ...first, send_at: open });
    // It was sent before the sweep came to the time.
    const closed_at = new Date(time.getTime() + 60_000);
    const over = { created_at: open, state: 'sent' as const, closed_at, sweep_at: null };
    await store.db.collection<Issue>('issues').updateOne({ _id: first._id }, { $set: over });
    const notified: string[] = [];
    const notifyIssue = async ({ scheduledAt }: IssueRef) => void notified.push(scheduledAt);
    const row = await rowOf({ account, _id });
    await sweepNewsletter({ ...deps(), engine: { ...deps().engine, notifyIssue } }, row);
    expect(notified).toEqual([]);
    const [last] = await issuesOf(store, row);
    expect(last).toMatchObject({ scheduled_at: time, state: 'skipped', reason: 'overlap', late: false });
  },
);

test.each([
  ['skip', 1, 2],
  ['buffer_one', 1, 1],
  ['buffer_all', 1, 0],
  ['allow_all', 3, 0],
] as const)('of three missed times, %s starts %i and skips %i', async (overlap, started, skipped) => {
  const minutes = [-4, -3, -2].map((by) => new Date(Math.floor(now().getTime() / 60_000 + by) * 60_000));
  const calendars = minutes.map((at) =>
    calendarOf({ hour: [at.getUTCHours()], minute: [at.getUTCMinutes()], second: [0] }),
  );
  const { account, _id } = await aNewsletter(store, { calendars, overlap });
  const accounted_until = new Date(now().getTime() - 600_000);
  await store.db.collection<Newsletter>('newsletters').updateOne({ _id }, { $set: { accounted_until } });
  const notified: string[] = [];
  const engine = {
    ...deps().engine,
    notifyIssue: async ({ scheduledAt }: IssueRef) => void notified.push(scheduledAt),
  };
  const row = await rowOf({ account, _id });
  await sweepNewsletter({ ...deps(), engine }, row);
  expect(notified).toEqual(minutes.slice(0, started).map((at) => at.toISOString()));
  const rows = await issuesOf(store, row);
  expect(rows.map(({ scheduled_at, reason }) => [scheduled_at, reason])).toEqual(
    minutes
      .slice(3 - skipped)
      .reverse()
      .map((at) => [at, 'overlap']),
  );
});
