import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { returnPaths } from '../../mail/tokens/return-path.js';
import { freePort } from '../../servers/ports.js';
import { linkKeyRing } from '../../store/secrets/link-keys.js';
import type { Subscriber } from '../../store/subscribers/row.js';
import { suppressionId } from '../../store/suppressions/suppression-id.js';
import { KEY, SECRET } from '../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../support/end-to-end/test-cluster.js';
import { aDocument } from '../support/mail/provider-documents.js';
import { type AboutMail, aReport } from '../support/mail/reports.js';

let cluster: TestCluster;
let url: string;
/** The recipient whose mail gets no reply. */
let lost = '';
beforeAll(async () => {
  cluster = await aTestCluster({ script: { onData: ({ to }) => (to[0] === lost ? 'drop' : undefined) } });
  const port = await freePort(0);
  await cluster.api(port);
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => cluster?.close());

const collection = (name: string) => cluster.store.db.collection<{ _id: string }>(name);
const rows = (name: string): Promise<Record<string, unknown>[]> => collection(name).find().toArray();
const happened = async (_id: string) => (await collection('events').findOne({ _id })) !== null;
const verdicts = async () => (await rows('inbound')).map(({ verdict }) => verdict);

async function call<T>(route: string, type?: string, body?: Buffer | string): Promise<T> {
  const [method = '', path = ''] = route.split(' ');
  const headers = { authorization: `Bearer ${KEY}`, ...(type !== undefined && { 'content-type': type }) };
  const answer = await fetch(new URL(path, url), { method, headers, ...(body !== undefined && { body }) });
  if (!answer.ok) throw new Error(`${route} was answered with ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { data: T }).data;
}

const handedIn = (report: string, about: AboutMail) =>
  call('POST /api/v1/inbound/raw', 'message/rfc822', aReport(report, about));

async function reportedByPostmark(about: AboutMail & { readonly email: string }): Promise<void> {
  const hook = await call<{ url: string }>('PUT /api/v1/providers/postmark', 'application/json', '{}');
  await call(`POST ${new URL(hook.url).pathname}`, 'application/json', aDocument('postmark-bounce', about));
}

/** The events of a recipient of the campaign, in order. */
async function eventTypesOf(campaign: number, subscriber: number): Promise<string[]> {
  const events = await call<{ type: string }[]>(`GET /api/v1/events?campaign=${campaign}&subscriber=${subscriber}`);
  return events.map(({ type }) => type);
}

/** Blocks writes of this document by an open transaction until it is released. */
async function blockInsert(name: string, _id: string): Promise<() => Promise<void>> {
  const session = cluster.store.db.client.startSession();
  session.startTransaction();
  await collection(name).insertOne({ _id }, { session });
  return async () => {
    await session.abortTransaction();
    await session.endSession();
  };
}

/** A sent campaign with three recipients; the first is uncertain. */
async function aSentCampaign() {
  const draft = await cluster.draft(3);
  const { account, _id: campaign, list_id } = draft;
  const people = cluster.store.db.collection<Subscriber>('subscribers').find({ list_id }).sort({ _id: 1 });
  const [first, second, third] = await people.toArray();
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('there are fewer than three recipients');
  lost = first.email;
  await cluster.untilState(await cluster.begin(draft), 'sent');
  expect(await cluster.totals(draft)).toMatchObject({ sent: 2, uncertain: 1, failed: 0 });
  const paths = returnPaths(await linkKeyRing(cluster.store, SECRET).ring());
  const reader = ({ _id: id, email }: Subscriber) => ({
    id,
    about: {
      returnPath: `${paths.forRecipient(campaign, id)}@bounce.example.test`,
      messageId: 'x@y.example',
      email,
      address: email,
    },
    suppression: suppressionId(account, email),
  });
  return { campaign, readers: [reader(first), reader(second), reader(third)] as const };
}

test('the worker is killed before and during the processing of reports: the next one processes each report once, within seconds', async () => {
  const worker = await cluster.worker();
  const { campaign, readers } = await aSentCampaign();
  const [first, second, third] = readers;
  // The worker is blocked after the bounce event and before the suppression of the address.
  const letGo = await blockInsert('suppressions', first.suppression);
  await handedIn('postfix-unknown-user', first.about);
  await cluster.untilTrue(() => happened(`recipient:${campaign}:${first.id}:bounced`));
  await worker.end('SIGKILL');
  // No worker is notified of these reports.
  await reportedByPostmark(second.about);
  await handedIn('yahoo-complaint', third.about);
  expect(await verdicts()).toEqual([null, null, null]);
  await letGo();

  const restarted = monotonic();
  await cluster.worker();
  await cluster.untilTrue(async () => (await verdicts()).every((verdict) => verdict !== null));
  const seconds = ((monotonic() - restarted) / 1_000).toFixed(1);
  process.stdout.write(`reports of a killed worker: processed ${seconds} s after the start of the next\n`);
  expect((await verdicts()).sort()).toEqual(['bounced', 'bounced', 'complained']);
  expect(await Promise.all(readers.map(({ id }) => eventTypesOf(campaign, id)))).toEqual([
    ['recipient.uncertain', 'recipient.bounced', 'recipient.failed', 'subscriber.bounced'],
    ['recipient.bounced', 'subscriber.bounced'],
    ['recipient.complained', 'subscriber.complained'],
  ]);
  const barred = await rows('suppressions');
  expect(barred.map(({ email_key, reason }) => [email_key, reason]).sort()).toEqual([
    [first.about.email, 'bounce'],
    [second.about.email, 'bounce'],
    [third.about.email, 'complaint'],
  ]);
  const { stats } = await call<{ stats: object }>(`GET /api/v1/campaigns/${campaign}/stats`);
  expect(stats).toMatchObject({ sent: 2, failed: 1, uncertain: 0, bounces: 2, complaints: 1 });
});
