import { expect, test } from 'vitest';
import { issueOpening } from '../../../activities/newsletter/prepare.js';
import { now } from '../../../clock.js';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { issueId } from '../../../domain/newsletter/issue.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { events } from '../../../store/events/events.js';
import { issues, pushedData } from '../../../store/newsletters/issues.js';
import { newsletters } from '../../../store/newsletters/newsletters.js';
import { aNewsletter } from '../../support/store/newsletters.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const steps = () =>
  issueOpening({
    newsletters: newsletters(store),
    issues: issues(store),
    campaigns: campaigns(store),
    events: events(store),
    pushedData: pushedData(store),
    times: shrunkTimes(0.05),
  });

/** An issue that has taken the data; its process has crashed after the next write of the row. */
async function anIssue() {
  const { account, _id: newsletter } = await aNewsletter(store);
  const scheduled_at = now();
  const key = { account, _id: issueId(newsletter, scheduled_at) };
  await issues(store).open({ ...key, newsletter, kind: 'triggered', scheduled_at, send_at: scheduled_at });
  await pushedData(store).take(account, newsletter, key._id);
  return { key, ref: { account, newsletter, scheduledAt: scheduled_at.toISOString() } };
}
const publishedOf = async (id: string) => {
  const found = store.db.collection<{ _id: string; type: string }>('events').find({ 'data.issue': id });
  return (await found.sort({ type: 1 }).toArray()).map(({ type }) => type.replace('newsletter.issue_', ''));
};

test('a repeated step of a skipped issue releases its data and publishes the reason once', async () => {
  const { key, ref } = await anIssue();
  await issues(store).skip(key, 'no_recipients');
  await steps().openIssue(ref);
  expect(await steps().openIssue(ref)).toMatchObject({ state: 'skipped', open: false });
  expect(await pushedData(store).take(ref.account, ref.newsletter, 'the next one')).not.toBeNull();
  expect(await publishedOf(key._id)).toEqual(['skipped']);
});

test('a repeated step publishes a launched or ended issue; a launched issue is not skipped for its source', async () => {
  const { key, ref } = await anIssue();
  await issues(store).recordLaunched(key, 'Tulips');
  expect(await issues(store).skip(key, 'source_failed')).toBeNull();
  expect(await steps().openIssue(ref)).toMatchObject({ state: 'launched', open: true });
  expect(await publishedOf(key._id)).toEqual(['launched']);
  await issues(store).close(key, 'sent', false);
  await steps().openIssue(ref);
  expect(await publishedOf(key._id)).toEqual(['launched', 'sent']);
  expect(await pushedData(store).take(ref.account, ref.newsletter, 'the next one')).toBeNull();
});

test('an issue that is not sent restores the previous time, which counts for the gap', async () => {
  const { key, ref } = await anIssue();
  const HOUR = 3_600_000;
  const from = now().getTime();
  const reserve = (issue: string, hours: number) =>
    newsletters(store).reserveSendTime(ref.account, ref.newsletter, issue, new Date(from + hours * HOUR), 2 * HOUR);
  expect([await reserve('the one before', -3), await reserve(key._id, 0), await reserve(key._id, 0)]).toEqual([
    true,
    true,
    true,
  ]);
  expect(await reserve('the next one', 1)).toBe(false);
  await issues(store).recordLaunched(key, 'Tulips');
  await issues(store).skipLaunched(key, 'rejected', null);
  await steps().openIssue(ref);
  expect([await reserve('too near to the one before', -2), await reserve('the next one', 1)]).toEqual([false, true]);
  await steps().openIssue(ref);
  expect(await reserve('another', 2)).toBe(false);
});
