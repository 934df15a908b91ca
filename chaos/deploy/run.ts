import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { rollingRestart } from '../installation/installation.js';
import { seeded } from '../random.js';
import { addWebhook, preparedCampaign } from '../run/campaigns.js';
import { type PostedMessage, postMessages } from '../run/messages.js';
import { NOT_FINAL, untilDecided, untilReceived } from '../run/progress.js';
import { recordOf } from '../run/record.js';
import { onServers, type RunServers } from '../run/servers.js';
import { type Verdict, verdictOf } from '../verdict.js';
import { type FailedTask, failedTasks, unfitHistoriesIn } from './failed-tasks.js';
import { bringToWait, FULL_SPEED, retriesLeft, untilSent, type Waiting } from './under-way.js';

export interface DeployOptions {
  readonly config: Config;
  /** The compiled command line of the build that runs first, and of the one that replaces it. */
  readonly from: string;
  readonly to: string;
  /** Of the campaign that is being sent meanwhile. */
  readonly recipients: number;
  /** Its mails a second until the last process is replaced. */
  readonly rate: number;
  /** Posted while the processes are replaced. */
  readonly messages: number;
  readonly report: (line: string) => void;
}

export interface DeployResult {
  readonly verdict: Verdict;
  /** Whether everything was sent within the limit. */
  readonly ended: boolean;
  /** Recipients and messages that waited for another try as the first process was replaced. */
  readonly retries: { readonly recipients: number; readonly messages: number };
  /** Shares of the campaign's mails that the receiver had before the first process was replaced and after the last one. */
  readonly during: { readonly first: number; readonly last: number };
  /** By the build whose worker failed. */
  readonly failedTasks: { readonly old: readonly FailedTask[]; readonly new: readonly FailedTask[] };
  /** Lines of the logs of the new workers: a workflow does not fit its history. */
  readonly unfitHistories: readonly string[];
  readonly seconds: number;
  /** Where the logs of its processes are; null where the promise held. */
  readonly logs: string | null;
}

/**
 * Whether the deploy lost nothing, and met retries and a campaign that was being sent. The new build must process every task. The old one may fail
 * at a run that the new one has continued with commands of its own: Temporal then tries the task again, until a worker of the new
 * build takes it.
 */
export function deployHeld(result: Omit<DeployResult, 'logs'>): boolean {
  const { verdict, ended, retries, during, failedTasks: failed, unfitHistories } = result;
  const isMet = retries.recipients > 0 && retries.messages > 0 && during.first > 0 && during.last < 1;
  const fits = failed.new.length === 0 && unfitHistories.length === 0;
  return isMet && verdict.holds && ended && fits;
}

const KEY = 'deploy';
const READER = 'reader';
/** The deploy begins once the receiver has this share of the campaign. */
const BEGUN = 0.02;
const MESSAGE_EVERY_MS = 250;
const LIMIT_MS = 180_000;
const QUIET_MS = 30_000;

/** Replaces one build by another, process by process, while campaigns are sent, retried and approved; judges at the receiver. */
export function deployRun(options: DeployOptions): Promise<DeployResult> {
  const { config, from } = options;
  return onServers({ config, program: from, random: seeded(1) }, (servers) => deployed(servers, options), deployHeld);
}

async function deployed(servers: RunServers, options: DeployOptions): Promise<Omit<DeployResult, 'logs'>> {
  const { call, webhook, installation } = servers;
  const { recipients, rate, report } = options;
  const since = performance.now();
  await addWebhook(call, webhook.url, KEY);
  const campaign = await preparedCampaign(call, { key: KEY, name: READER, recipients, rate });
  const waiting = await bringToWait(servers, KEY);
  await call('POST', `/campaigns/${campaign}/send`, { body: {}, key: `${KEY}-send` });
  const posting = postMessages(call, { key: KEY, name: 'message', count: options.messages, everyMs: MESSAGE_EVERY_MS });
  posting.catch(() => undefined);
  const oldWorkers = installation.workers.map(({ pid }) => pid());
  const met = await replaced(servers, options);
  const failed = async () => byBuild(await failedTasks(installation.temporal.address), oldWorkers);
  try {
    const outcome = await finished(servers, { waiting, campaign, posting });
    const seconds = Math.round((performance.now() - since) / 1_000);
    const logs = await Promise.all(installation.workers.map(({ log }) => readFile(log(), 'utf8')));
    return { ...outcome, ...met, failedTasks: await failed(), unfitHistories: logs.flatMap(unfitHistoriesIn), seconds };
  } catch (failure) {
    for (const { workflow, error } of (await failed()).new) report(`${workflow}: ${error}`);
    throw failure;
  }
}

interface UnderWay {
  readonly waiting: Waiting;
  readonly campaign: number;
  readonly posting: Promise<readonly PostedMessage[]>;
}

/** Approves what waits for it and lets the campaign go on at full speed; judges once everything is sent. */
async function finished({ call, judge, webhook }: RunServers, { waiting, campaign, posting }: UnderWay) {
  await call('POST', `/campaigns/${waiting.unapproved}/approve`, { body: {}, key: `${KEY}-approve` });
  await call('POST', `/campaigns/${campaign}/rate`, { body: { per_second: FULL_SPEED }, key: `${KEY}-rate` });
  const campaigns = [campaign, waiting.putOff, waiting.unapproved];
  const messages = [...waiting.messages, ...(await posting)];
  const sent = await untilSent(call, campaigns, LIMIT_MS);
  const final = await untilDecided(call, messages, LIMIT_MS, NOT_FINAL);
  await untilReceived(call, webhook, QUIET_MS);
  const seen = { bound: judge.broken(), received: webhook.received() };
  const verdict = verdictOf(await recordOf({ call, judge, campaigns, messages }, seen));
  return { verdict, ended: sent && final };
}

function byBuild(failed: readonly FailedTask[], oldWorkers: readonly number[]): DeployResult['failedTasks'] {
  const isOld = ({ worker }: FailedTask) => oldWorkers.some((pid) => worker.startsWith(`${pid}@`));
  return { old: failed.filter(isOld), new: failed.filter((task) => !isOld(task)) };
}

/** Migrates the database and replaces the processes while the campaign is being sent. */
async function replaced(
  servers: RunServers,
  { recipients, to, report }: DeployOptions,
): Promise<Pick<DeployResult, 'retries' | 'during'>> {
  const { judge, installation } = servers;
  const share = () => judge.accepted().filter((mail) => mail.to.startsWith(READER)).length / recipients;
  for (let waited = 0; share() < BEGUN && waited < LIMIT_MS; waited += 100) await pause(100);
  report(await installation.run(to, 'migrate'));
  const [first, retries] = [share(), retriesLeft(servers)];
  const since = performance.now();
  await rollingRestart(installation, to);
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  report(`two workers and two APIs were replaced within ${seconds} s`);
  return { retries, during: { first, last: share() } };
}
