import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { calendarOf } from '../../../domain/newsletter/cron.js';
import { aList, aSubscriber } from '../../support/api/api.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { aDraftAnswer, fails as modelFails, says as modelSays } from '../../support/scripted/model-server.js';
import { aFeed, fails, says, webServer } from '../../support/scripted/web-server.js';
import { until } from '../../support/until.js';

const LIMIT = 120_000;
let everpost: DraftEverpost;
let site: Awaited<ReturnType<typeof webServer>>;
let list: number;

beforeAll(async () => {
  everpost = await draftEverpost({}, { environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  site = await webServer(aFeed());
  await everpost.startWorker();
  list = await aList(everpost.api);
  await aSubscriber(everpost.api, list, { first_name: 'Alice' });
});
afterAll(async () => {
  await everpost?.close();
  await site?.close();
});

const call = async (route: string, payload?: object) =>
  (await everpost.api.call(route.replace(' ', ' /api/v1'), payload === undefined ? {} : { payload })).json();
const aNewsletter = async (over: object = {}, seconds?: number): Promise<number> => {
  // All scheduled times are over. The test begins issues by hand, each for its own hour.
  const schedule = { cron: '0 * * * *', end_at: now().toISOString(), lead_minutes: 1 };
  const fields = { name: 'Acme weekly', list_id: list, schedule, source: { kind: 'feed', url: site.url }, ...over };
  const { id } = (await call('POST /newsletters', fields)).data;
  const row = await everpost.api.deps.newsletters.find(everpost.api.account, id);
  if (seconds !== undefined && typeof row === 'object')
    await everpost.api.deps.newsletters.change(row, { lead_seconds: seconds });
  return id;
};
const HOUR = 3_600_000;
const triggered = async (id: number, hoursAgo = 1): Promise<string> => {
  const scheduled_at = new Date(Math.floor(now().getTime() / HOUR - hoursAgo) * HOUR).toISOString();
  return (await call(`POST /newsletters/${id}/trigger`, { scheduled_at })).data.id;
};
const issueOf = async (id: string) => {
  const { data } = await call(`GET /newsletters/${id.split(':')[0]}/issues`);
  return data.find((one: { id: string }) => one.id === id);
};
const ended = async (id: string) => {
  await until(async () => !['preparing', 'launched'].includes((await issueOf(id)).state), LIMIT);
  return issueOf(id);
};
const lastMail = () => PostalMime.parse(everpost.receiver.accepted.at(-1)?.raw ?? '');
const eventsOf = async (id: string) =>
  (await call('GET /events?type=newsletter.*&limit=1000')).data.filter(
    ({ data }: { data: { issue: string } }) => data.issue === id,
  );

describe('a feed', () => {
  test('only new items are sent; without new items the issue is skipped with a reason', async () => {
    site.show(aFeed('Tulips', 'Roses'));
    const id = await aNewsletter({
      html: '<p>{{ first_name }}</p>{% for item in items %}<i>{{ item.title }}</i>{% endfor %}',
    });
    expect(await ended(await triggered(id))).toMatchObject({ state: 'sent', subject: 'Tulips · Roses' });
    const mail = await lastMail();
    expect([mail.subject, /Alice[\s\S]*Tulips[\s\S]*Roses/.test(mail.html ?? '')]).toEqual(['Tulips · Roses', true]);
    expect(await ended(await triggered(id, 2))).toMatchObject({
      state: 'skipped',
      reason: 'nothing_new',
      campaign_id: null,
    });
    expect(site.asked.at(-1)?.headers['if-none-match']).toBe('"Tulips-Roses"');
    site.show(aFeed('Lilies {{ email }}', 'Tulips'));
    expect(await ended(await triggered(id, 3))).toMatchObject({ state: 'sent' });
    const next = await lastMail();
    expect([next.html?.includes('Tulips'), next.html?.includes('alice@')]).toEqual([false, false]);
  });

  test('a failing source is retried until the sending time; then the issue is skipped, and no mail is sent', async () => {
    site.show(fails(503));
    const before = everpost.receiver.accepted.length;
    const issue = await triggered(await aNewsletter({}, 4));
    expect(await ended(issue)).toMatchObject({
      state: 'skipped',
      reason: 'source_failed',
      detail: 'status 503',
      campaign_id: null,
    });
    expect(everpost.receiver.accepted.length).toBe(before);
    const types = async () => (await eventsOf(issue)).map(({ type }: { type: string }) => type).sort();
    // The event is written after the row.
    await until(async () => (await types()).includes('newsletter.issue_skipped'), LIMIT);
    expect(await types()).toEqual(['newsletter.issue_begun', 'newsletter.issue_skipped']);
  });

  test('an incomplete feed is not used; a source that recovers in time is sent', async () => {
    site.show((response) => response.end('<rss><channel><item><title>Half</title></item>'));
    const issue = await triggered(await aNewsletter());
    await until(async () => (await issueOf(issue)).detail !== null, LIMIT);
    site.show(aFeed('Whole'));
    expect(await ended(issue)).toMatchObject({ state: 'sent', subject: 'Whole', detail: null });
  });
});

test('JSON fills the template; missing variables stop the issue', async () => {
  site.show(says({ headline: 'Spring' }));
  const over = {
    source: { kind: 'json', url: site.url },
    subject: '{{ data.headline }}',
    html: '<p>{{ data.lead }}</p>',
  };
  const issue = await triggered(await aNewsletter(over));
  await until(async () => (await issueOf(issue)).detail !== null, LIMIT);
  site.show(says({ headline: 'Spring', lead: 'Tulips & more' }));
  expect(await ended(issue)).toMatchObject({ state: 'sent', subject: 'Spring' });
  expect((await lastMail()).html).toContain('Tulips &amp; more');
});

test('issues of a suspended account are skipped and not sent later', async () => {
  const { deps, account } = everpost.api;
  const issue = await triggered(await aNewsletter({ source: { kind: 'data' }, html: '<p>x</p>' }));
  await until(async () => (await issueOf(issue)).detail !== null, LIMIT);
  await deps.suspension.suspend(account);
  const found = () =>
    everpost.api.store.db.collection<{ _id: string; state: string }>('issues').findOne({ _id: issue });
  await until(async () => (await found())?.state === 'skipped', LIMIT);
  await deps.suspension.resume(account);
  expect(await issueOf(issue)).toMatchObject({
    reason: 'quota',
    detail: 'The account is suspended.',
    campaign_id: null,
  });
});

test('pushed data is used by the waiting issue only', async () => {
  const id = await aNewsletter({ source: { kind: 'data' }, html: '<p>{{ data.word }}</p>' });
  const issue = await triggered(id);
  await until(async () => (await issueOf(issue)).detail !== null, LIMIT);
  await call(`PUT /newsletters/${id}/data`, { data: { word: 'Tulips' } });
  expect(await ended(issue)).toMatchObject({ state: 'sent' });
  const row = await everpost.api.deps.newsletters.find(everpost.api.account, id);
  if (typeof row === 'object') await everpost.api.deps.newsletters.change(row, { lead_seconds: 1 });
  expect(await ended(await triggered(id, 4))).toMatchObject({ state: 'skipped', reason: 'no_data' });
});

test('a model writes each issue, knows the earlier subjects, and is called again after a failure', async () => {
  const id = await aNewsletter({ source: { kind: 'ai', prompt: 'Write about https://acme.example/pricing.' } });
  everpost.model.script(modelSays('nonsense'), modelSays('nonsense'), modelSays(aDraftAnswer()));
  expect(await ended(await triggered(id))).toMatchObject({ state: 'sent', subject: 'Our new pricing tiers' });
  everpost.model.script(modelSays({ ...aDraftAnswer(), subject: 'Another one' }));
  expect(await ended(await triggered(id, 5))).toMatchObject({ state: 'sent', subject: 'Another one' });
  expect(JSON.stringify(everpost.model.asked[0]?.body)).toContain('- Our new pricing tiers');
  everpost.model.script(modelFails(401));
  const row = await everpost.api.deps.newsletters.find(everpost.api.account, id);
  if (typeof row === 'object') await everpost.api.deps.newsletters.change(row, { lead_seconds: 3 });
  expect(await ended(await triggered(id, 6))).toMatchObject({ state: 'skipped', reason: 'draft_failed' });
});

describe('gates', () => {
  test.each([
    ['more recipients than it may mail', { max_recipients: 1 }, 'too_many_recipients'],
    ['errors in the content', { html: `<p>{{ items[0].title }} ${'word '.repeat(30_000)}</p>` }, 'content_blocked'],
  ])('%s', async (_what, over, reason) => {
    site.show(aFeed('Gate'));
    await aSubscriber(everpost.api, list, { email: 'bob@example.com' });
    expect(await ended(await triggered(await aNewsletter(over)))).toMatchObject({ state: 'skipped', reason });
  });

  test('test recipients get the issue first; a second issue is too soon', async () => {
    site.show(aFeed('One'));
    await call('POST /account/members', { name: 'Grace', email: 'grace@acme.example', role: 'approver' });
    const id = await aNewsletter({ test_to: ['grace@acme.example'], min_gap_minutes: 60 });
    expect(await ended(await triggered(id))).toMatchObject({ state: 'sent' });
    await until(() => everpost.receiver.accepted.some(({ to }) => to.includes('grace@acme.example')), LIMIT);
    site.show(aFeed('Two'));
    expect(await ended(await triggered(id, 7))).toMatchObject({ state: 'skipped', reason: 'too_soon' });
  });

  test('an issue that is begun again after its launch continues to its end', async () => {
    site.show(aFeed('Begun again'));
    const issue = await triggered(await aNewsletter({ approval: true }, 1));
    await until(async () => (await issueOf(issue)).state === 'launched', LIMIT);
    const { campaign_id } = await issueOf(issue);
    const [newsletter, ...time] = issue.split(':');
    const handle = everpost.client.workflow.getHandle(`newsletter/${newsletter}/issue-${time.join(':')}`);
    await handle.terminate('an accident');
    await until(async () => (await handle.describe()).status.name === 'RUNNING', LIMIT);
    const approve = () => call(`POST /campaigns/${campaign_id}/approve`, {});
    await until(async () => (await approve()).data !== undefined, LIMIT);
    expect(await ended(issue)).toMatchObject({ state: 'sent', subject: 'Begun again' });
  });

  test('an approver approves or rejects; without an answer on_expiry decides', async () => {
    site.show(aFeed('Approved'));
    const campaignOf = async (issue: string) => {
      await until(async () => (await issueOf(issue)).state === 'launched', LIMIT);
      return (await issueOf(issue)).campaign_id;
    };
    const answered = async (issue: string, what: string, comment: string) => {
      const path = `POST /campaigns/${await campaignOf(issue)}/${what}`;
      await until(async () => (await call(path, { comment })).data !== undefined, LIMIT);
    };
    const yes = await triggered(await aNewsletter({ approval: true }));
    await answered(yes, 'approve', 'Fine');
    const no = await triggered(await aNewsletter({ approval: true }));
    await answered(no, 'reject', 'Not yet');
    expect(await ended(yes)).toMatchObject({ state: 'sent' });
    expect(await ended(no)).toMatchObject({ state: 'skipped', reason: 'rejected', detail: 'Not yet' });
    for (const [on_expiry, end] of [
      ['send', 'sent'],
      ['skip', 'skipped'],
    ] as const) {
      const issue = await triggered(await aNewsletter({ approval: true, on_expiry }));
      const id = await campaignOf(issue);
      const { campaigns } = everpost.api.deps;
      await until(async () => {
        const row = await campaigns.find(everpost.api.account, id);
        return row !== null && (await campaigns.expire(row)) !== null;
      }, LIMIT);
      expect((await ended(issue)).state).toBe(end);
    }
  });
});

test('a scheduled time during an open issue is skipped, begun in parallel or buffered, as overlap says', async () => {
  const { deps, account } = everpost.api;
  const data = { source: { kind: 'data' }, html: '{{ data.a }}' };
  const [skip, beside, held] = [await aNewsletter(data), await aNewsletter(data), await aNewsletter(data)];
  // The Schedules must be there before their first time, on a busy machine too.
  const start = Math.ceil(now().getTime() / 1_000 + 10) * 1_000;
  const [one, two] = [new Date(start), new Date(start + 2_000)];
  const calendars = [one, two].map((at) =>
    calendarOf({ hour: [at.getUTCHours()], minute: [at.getUTCMinutes()], second: [at.getUTCSeconds()] }),
  );
  const goes = async (id: number, overlap: 'skip' | 'allow_all' | 'buffer_one') => {
    const row = await deps.newsletters.find(account, id);
    if (typeof row === 'string') throw new Error(row);
    const after = await deps.newsletters.change(row, { calendars, end_at: two, overlap, lead_seconds: 60 });
    if (after !== null) deps.engine.notifyNewsletter(after);
  };
  await Promise.all([goes(skip, 'skip'), goes(beside, 'allow_all'), goes(held, 'buffer_one')]);
  const statesOf = async (newsletter: number) =>
    (await call(`GET /newsletters/${newsletter}/issues`)).data.map((row: { state: string; reason: string | null }) =>
      [row.state, row.reason].filter(Boolean).join(' '),
    );
  const all = () => Promise.all([skip, beside, held].map(statesOf));
  await until(async () => (await all()).flat().length === 5 && (await all())[0]?.[0] === 'skipped overlap', LIMIT);
  expect(await all()).toEqual([['skipped overlap', 'preparing'], ['preparing', 'preparing'], ['preparing']]);
});
