import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { now } from '../../../clock.js';
import { packageRoot, readConfig } from '../../../config.js';
import { newApproval } from '../../../domain/campaign/approval.js';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { EVERY_DAY } from '../../../domain/newsletter/cron.js';
import { issueId } from '../../../domain/newsletter/issue.js';
import { startMongo } from '../../../servers/mongodb/mongodb.js';
import { startTemporal } from '../../../servers/temporal.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { NewCampaign } from '../../../store/campaigns/row.js';
import { confirmations } from '../../../store/confirmations/confirmations.js';
import { drafts } from '../../../store/drafts/drafts.js';
import { openStore } from '../../../store/mongo/connect.js';
import { counters } from '../../../store/mongo/counters.js';
import { issues } from '../../../store/newsletters/issues.js';
import { startWorker } from '../../../workers/main.js';
import {
  approveCampaign,
  campaignStart,
  cancelCampaign,
  draftStart,
  pauseCampaign,
  resumeCampaign,
} from '../../../workflows/messages/campaign.js';
import { confirmationStart } from '../../../workflows/messages/confirmation.js';
import { MESSAGE_GROUP_TYPE, messageGroupStart, messageStart } from '../../../workflows/messages/message.js';
import { ISSUE_TYPE, issueStart, NEWSLETTER_TYPE, newsletterStart } from '../../../workflows/messages/newsletter.js';
import {
  campaignWorkflowId,
  confirmationWorkflowId,
  draftWorkflowId,
  laneWorkflowId,
  messageGroupWorkflowId,
  messageWorkflowId,
} from '../../../workflows/names.js';
import { queueWorkers } from '../everpost/queue-workers.js';
import { aDraftAnswer, modelServer, says } from '../scripted/model-server.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { aDraft, aList, steered } from '../store/campaigns.js';
import { anAcceptedMessage } from '../store/messages.js';
import { aNewsletter } from '../store/newsletters.js';
import { runEndpoint } from './endpoint-run.js';

/**
 * Records the histories that `test/workflows/replay.test.ts` replays, from real runs on servers of its own:
 * `npx tsx test/support/workflows/record-histories.ts`. Record again only if a change of the workflows is meant to break replays;
 * names after the command (`campaign-approved`) limit it to those.
 */
const PREFIX = 'recording';
/** Of queues whose workers notify no endpoint. */
const QUIET_PREFIX = 'recording-endpoints';
const SETTINGS = { prefix: PREFIX, publicUrl: 'http://everpost.test' };
const SECRET = 'a secret for these recordings';
/** A request whose reminder and expiry are due within seconds. */
const SOON = { remindAfter: 1_000, expireAfter: 2_000, keptFor: 60_000 };
const upTo = (most: number) => Array.from({ length: most }, (_, i) => i);
const EVERY_MINUTE = { ...EVERY_DAY, hour: upTo(24), minute: upTo(60) };
const wanted = process.argv.slice(2);
const folder = join(packageRoot(), 'test', 'histories');
const dataDir = await mkdtemp(join(tmpdir(), 'everpost-histories-'));
const model = await modelServer(says('no draft'), says(aDraftAnswer()));
const webhookConfig = { secret: SECRET, allowedPrivateHosts: ['127.0.0.1'] };
const draftConfig = { openaiApiKey: 'a key', openaiBaseUrl: model.url };
const config = { ...readConfig(), ...draftConfig, ...webhookConfig, dataDir, smtpConnections: 4 };
const mongo = await startMongo({ config, dataDir, report: () => undefined });
const temporal = await startTemporal({ config, dataDir, report: () => undefined });
const store = await openStore({ url: mongo.url, database: 'histories' });
let refusals = 3;
const receiver = await smtpServer({ onRcpt: () => (refusals-- > 0 ? '451 4.7.1 try later' : undefined) });
const times = { ...shrunkTimes(0.05), firstRetry: 500 };
const log = pino({ level: 'error' });
const worker = await startWorker({
  config,
  store,
  times,
  lanes: 2,
  log,
  smtpUrl: receiver.url,
  temporalAddress: temporal.address,
  prefix: PREFIX,
  sweepTiming: { every: 1_000, runFor: 5_000 },
});
const connection = await Connection.connect({ address: temporal.address });
const { workflow } = new Client({ connection });

/** A launched campaign, and the options of its workflow. */
async function launched(readers: number, perSecond: number | null, over: Partial<NewCampaign> = {}) {
  const draft = await aDraft(store, readers, {
    settings: {
      rate_per_second: perSecond,
      on_uncertain: 'hold',
      track_opens: false,
      track_clicks: false,
      ttl_hours: 24,
    },
    ...over,
  });
  const row = steered(await campaigns(store).launch(draft));
  return { row, start: campaignStart(SETTINGS, { account: row.account, campaign: row._id, launch: row.launch }, row) };
}

async function launch(readers: number, perSecond: number | null) {
  const { row, start } = await launched(readers, perSecond);
  return { row, handle: await workflow.start('campaign', start) };
}

async function record(name: string, workflowId: string, runId?: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const history = await workflow.getHandle(workflowId, runId).fetchHistory();
  await writeFile(join(folder, `${name}.json`), `${historyToJSON(history)}\n`);
}

await mkdir(folder, { recursive: true });
const withRounds = await launch(20, null);
await withRounds.handle.result();
await record('campaign-with-a-deferred-round', campaignWorkflowId(withRounds.row._id));

const paused = await launch(60, 20);
await receiver.untilAccepted(25);
await paused.handle.executeUpdate(pauseCampaign, { args: [{}] });
await paused.handle.executeUpdate(resumeCampaign, { args: [{}] });
await paused.handle.result();
await record('campaign-paused-and-resumed', campaignWorkflowId(paused.row._id));
await record('lane', laneWorkflowId(paused.row._id, 0));

const cancelled = await launch(30, 10);
await receiver.untilAccepted(85);
await cancelled.handle.executeUpdate(cancelCampaign, { args: [{}] });
await cancelled.handle.result();
await record('campaign-cancelled', campaignWorkflowId(cancelled.row._id));

const approved = await launched(5, null, { approval: newApproval(72) });
const withStart = new WithStartWorkflowOperation('campaign', approved.start);
await workflow.executeUpdateWithStart(approveCampaign, { args: [{}], startWorkflowOperation: withStart });
await workflow.getHandle(approved.start.workflowId).result();
await record('campaign-approved', campaignWorkflowId(approved.row._id));

const { account, _id: campaign } = await aDraft(store, 1);
const given = { subject: null, preheader: null };
const task = { prompt: 'Announce it, see https://acme.example/pricing.', source: null, links: [], given };
const { n } = await drafts(store).request(account, campaign, task);
await (await workflow.start('draft', draftStart(SETTINGS, { account, campaign, n }))).result();
await record('draft-repaired-once', draftWorkflowId(campaign, n));

const requested = { email: 'reader@example.test', email_key: 'reader@example.test' };
const request = {
  account,
  list_id: await aList(store, account, 0),
  requested,
  language: 'en',
  source: 'form',
} as const;
// Numbers below are those of messages made by hand.
await counters(store).reserve('messages', 100);
const confirmation = await confirmations(store, SOON).add({ ...request, ip: null, visitor: null });
const confirmationBegin = confirmationStart(SETTINGS, { account, confirmation: confirmation._id }, request.list_id);
await (await workflow.start('confirmation', confirmationBegin)).result();
await record('confirmation-expired', confirmationWorkflowId(confirmation._id));

const newsletter = await aNewsletter(store, { lead_seconds: 2, calendars: [EVERY_MINUTE], end_at: now() });
const minute = new Date(Math.floor(now().getTime() / 60_000 - 1) * 60_000);
const begun = { _id: issueId(newsletter._id, minute), account: newsletter.account, newsletter: newsletter._id };
await issues(store).open({ ...begun, kind: 'triggered', scheduled_at: minute, send_at: now() });
const ref = { account: newsletter.account, newsletter: newsletter._id, scheduledAt: minute.toISOString() };
const issueBegin = issueStart(SETTINGS, ref, newsletter.name);
await (await workflow.start(ISSUE_TYPE, issueBegin)).result();
await record('newsletter-issue-sent', issueBegin.workflowId);
const keeper = newsletterStart(SETTINGS, ref, newsletter.name);
await (await workflow.start(NEWSLETTER_TYPE, keeper)).result();
await record('newsletter-schedule-reconciled', keeper.workflowId);

refusals = 1;
const message = await anAcceptedMessage(store);
const started = messageStart(SETTINGS, { account: message.account, message: message._id }, message);
await (await workflow.start('message', started)).result();
await record('message-with-a-second-attempt', messageWorkflowId(message._id));

refusals = 1;
const inGroup = await Promise.all(Array.from({ length: 20 }, () => anAcceptedMessage(store)));
const groupBegin = messageGroupStart(
  SETTINGS,
  messageGroupWorkflowId('recorded'),
  inGroup.map(({ account, _id: message }) => ({ account, message })),
);
await (await workflow.start(MESSAGE_GROUP_TYPE, groupBegin)).result();
await record('message-group', groupBegin.workflowId);

const quietStore = await openStore({ url: mongo.url, database: 'endpoint_histories' });
const quietConnection = await NativeConnection.connect({ address: temporal.address });
const quietWorkers = await queueWorkers({
  ...{ config, times, log, prefix: QUIET_PREFIX, store: quietStore, connection: quietConnection },
  ...{ smtpUrl: receiver.url, lanes: 1 },
});
const quiet = { store: quietStore, secret: SECRET, workflow, prefix: QUIET_PREFIX };
const endpoint = await runEndpoint({ ...quiet, longestHistory: 25 });
await record('webhook-endpoint-continued', endpoint.workflowId, endpoint.firstRun);
await record('webhook-endpoint', endpoint.workflowId);
await quietWorkers.stop();
await quietConnection.close();
await quietStore.close();

for await (const { workflowId, type, status } of workflow.list({ query: 'WorkflowType = "housekeeping"' })) {
  if (type !== 'housekeeping' || status.name !== 'COMPLETED') continue;
  await record('housekeeping', workflowId);
  break;
}

await connection.close();
await worker.stop();
await receiver.close();
await model.close();
await store.close();
await temporal.stop();
await mongo.stop();
await rm(dataDir, { recursive: true, force: true });
