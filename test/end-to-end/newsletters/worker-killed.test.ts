import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { calendarOf } from '../../../domain/newsletter/cron.js';
import { issueId } from '../../../domain/newsletter/issue.js';
import { members } from '../../../store/accounts/members.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { issues } from '../../../store/newsletters/issues.js';
import type { Newsletter, NewsletterFields } from '../../../store/newsletters/newsletters.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aDraftAnswer, modelServer, says, silence } from '../../support/scripted/model-server.js';
import { aFeed, webServer } from '../../support/scripted/web-server.js';
import { aNewsletter, issuesOf } from '../../support/store/newsletters.js';

let cluster: TestCluster;
let site: Awaited<ReturnType<typeof webServer>>;
let model: Awaited<ReturnType<typeof modelServer>>;

beforeAll(async () => {
  cluster = await aTestCluster();
  site = await webServer(() => undefined);
  model = await modelServer(silence);
});
afterAll(async () => {
  await cluster?.close();
  await site?.close();
  await model?.close();
});

const worker = () =>
  cluster.worker({
    environment: { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, ALLOWED_PRIVATE_HOSTS: '127.0.0.1' },
  });

const upTo = (most: number) => Array.from({ length: most }, (_, i) => i);
/** A newsletter whose scheduled times are over. The test begins one issue by hand, which is sent as soon as it is ready. */
const PAST = { calendars: [calendarOf({ hour: upTo(24), minute: upTo(60) })], lead_seconds: 600, approval_hours: 24 };

async function begun(over: Partial<NewsletterFields>): Promise<Newsletter> {
  const row = await aNewsletter(cluster.store, { ...PAST, end_at: now(), ...over });
  const scheduled_at = new Date(Math.floor(now().getTime() / 60_000 - 1) * 60_000);
  const own = { _id: issueId(row._id, scheduled_at), account: row.account, newsletter: row._id };
  const send_at = new Date(now().getTime() + 600_000);
  await issues(cluster.store).open({ ...own, kind: 'triggered', scheduled_at, send_at });
  return row;
}

test('a worker killed during fetch, draft, approval and freeze still sends each issue once', async () => {
  const first = await worker();
  const feed = await begun({ source: { kind: 'feed', url: site.url, max_items: 5 }, html: null });
  const { account } = feed;
  const prompt = 'Announce it, see https://acme.example/pricing.';
  const drafted = await begun({ source: { kind: 'ai', prompt, links: [] } });
  await members(cluster.store).add(account, {
    name: 'Grace',
    email: 'g@acme.example',
    email_key: 'g@acme.example',
    role: 'approver',
  });

  await cluster.untilTrue(() => site.asked.length > 0 && model.waiting() > 0);
  await first.end('SIGKILL');
  site.show(aFeed('Tulips'));
  model.script(says(aDraftAnswer()));

  const second = await worker();
  const campaignsOf = [await campaignOf(feed), await campaignOf(drafted)];
  await untilAwaitingApproval(campaignsOf);
  await second.end('SIGKILL');

  for (const row of await rowsOf(campaignsOf)) {
    expect(await campaigns(cluster.store).approve(row, { member: null, comment: null })).not.toBeNull();
  }
  // The write of the first page is blocked, so no mail is sent before the kill.
  const letGo = await blockFreezing(campaignsOf);
  const third = await worker();
  await cluster.untilTrue(async () => (await rowsOf(campaignsOf)).every(({ round }) => round === 0));
  await third.end('SIGKILL');
  await letGo();
  await worker();
  for (const newsletter of [feed, drafted]) {
    await cluster.untilTrue(async () => (await issuesOf(cluster.store, newsletter)).at(0)?.state === 'sent');
    expect(await issuesOf(cluster.store, newsletter)).toHaveLength(1);
  }
  expect(await cluster.store.db.collection('campaigns').countDocuments()).toBe(2);
  const toReaders = cluster.receiver.accepted.filter(({ to }) => to.some((address) => address.startsWith('reader')));
  expect(toReaders).toHaveLength(2);
});

async function campaignOf(newsletter: Newsletter): Promise<Campaign> {
  await cluster.untilTrue(async () => (await issuesOf(cluster.store, newsletter)).at(0)?.state === 'launched');
  const id = (await issuesOf(cluster.store, newsletter)).at(0)?.campaign;
  const row = id == null ? null : await campaigns(cluster.store).find(newsletter.account, id);
  if (row === null) throw new Error('a launched issue has a campaign');
  return row;
}

const rowsOf = (rows: readonly Campaign[]) => Promise.all(rows.map(cluster.row));

/** Waits until the letters are rendered and the campaign waits for an approval. */
async function untilAwaitingApproval(rows: readonly Campaign[]): Promise<void> {
  await cluster.untilTrue(async () =>
    (await rowsOf(rows)).every(({ state, rendered }) => state === 'awaiting_approval' && rendered != null),
  );
  for (const { _id } of rows) await cluster.untilIdle(campaignWorkflowId(_id));
}

/** Blocks the write of a first page by an open transaction until it is released. */
async function blockFreezing(rows: readonly Campaign[]): Promise<() => Promise<void>> {
  const session = cluster.store.db.client.startSession();
  session.startTransaction();
  const pages = rows.map(({ _id: campaign, account, launch }) => ({
    _id: `${campaign}:${launch}:0:0`,
    ...{ account, campaign, launch, round: 0, page: 0 },
  }));
  await cluster.store.db.collection<{ _id: string }>('ledger').insertMany(pages, { session });
  return async () => {
    await session.abortTransaction();
    await session.endSession();
  };
}
