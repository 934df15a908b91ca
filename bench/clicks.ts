import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readRunningFile } from '../cli/running-file.js';
import { type Config, readConfig } from '../config.js';
import { linkTokens } from '../mail/tokens/link-tokens.js';
import { openStore } from '../store/mongo/connect.js';
import { linkKeyRing } from '../store/secrets/link-keys.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { aListOfSubscribers, apiClient } from './harness/api-client.js';
import { type EverpostProcess, everpostProcess } from './harness/everpost-process.js';
import { machineTime } from './harness/machine-time.js';
import { LINKS, linkedHtml, newsletter } from './harness/newsletter.js';
import { cpuOfTree } from './harness/processes.js';
import { type ClockedSink, ownSink } from './receiver/sink.js';

export interface BenchClicksOptions {
  readonly config: Config;
  /** Recipients of the campaigns (20,000). */
  readonly recipients?: number;
  /** Callers at once (64). */
  readonly callers?: number;
  /** Seconds of each interval (5). */
  readonly seconds?: number;
  /** Hits a second beside the paced campaign; 0: unlimited (500). */
  readonly paced?: number;
}

type Call = ReturnType<typeof apiClient>;

const READER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
/** Long before the hits, so that they count as a person's. */
const MADE = new Date('2026-01-01T00:00:00Z');

const letter = { subject: newsletter.subject, html: linkedHtml };

/** Measures hits a second on tracked links, and how much they slow a campaign that is paced at half of its capacity. */
export async function benchClicks(options: BenchClicksOptions): Promise<void> {
  const { config, recipients = 20_000, callers = 64, seconds = 5, paced = 500 } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-clicks-'));
  const sink = await ownSink();
  const everpost = await everpostProcess(config, dataDir, sink.url);
  const call = apiClient(everpost.address, everpost.key);
  try {
    const list = await aListOfSubscribers(call, 'Clicks', recipients);
    const first = await launched(call, list, {});
    await ended(call, first);
    const capacity = speed((await sink.accepted()).map(({ at }) => at));
    const paths = await trackedPaths(dataDir, first, recipients);
    const hits = hitting(everpost, paths, callers);
    await hits.during(2);
    const before = cpuOfTree(everpost.pid);
    const alone = await hits.during(seconds);
    const cpu = ((cpuOfTree(everpost.pid) - before) / alone.waits.length).toFixed(2);
    console.log(`${callers} callers, nothing else going on: ${figures(alone)}; ${cpu} ms CPU a hit, servers included`);
    const perSecond = Math.max(1, Math.round(capacity / 2));
    const campaign = await launched(call, list, { rate_per_second: perSecond });
    await beside({ sink, hits, seconds, perSecond, recipients, paced });
    await call('POST', `/campaigns/${campaign}/cancel`, {});
    const { stats } = await call<{ stats: { clicks: { total: number } } }>('GET', `/campaigns/${first}`);
    console.log(`clicks counted by the campaign: ${stats.clicks.total.toLocaleString('en-US')}`);
  } finally {
    await everpost.stop();
    await sink.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Beside {
  readonly sink: ClockedSink;
  readonly hits: ReturnType<typeof hitting>;
  readonly seconds: number;
  readonly perSecond: number;
  readonly recipients: number;
  readonly paced: number;
}

/** Alternates intervals with and without hits while one campaign is sent. */
async function beside({ sink, hits, seconds, perSecond, recipients, paced }: Beside): Promise<void> {
  const mails = async () => (await sink.accepted()).length;
  while ((await mails()) < recipients + perSecond) await pause(250);
  const sent = { with: [] as number[], without: [] as number[] };
  const during: Interval[] = [];
  for (let turn = 0; turn < 4 && (await mails()) + perSecond * seconds < 2 * recipients; turn += 1) {
    const [before, begun] = [await mails(), machineTime()];
    if (turn % 2 === 0) await pause(seconds * 1_000);
    else during.push(await hits.during(seconds, paced));
    const rate = (((await mails()) - before) * 1_000) / (machineTime() - begun);
    sent[turn % 2 === 0 ? 'without' : 'with'].push(rate);
  }
  if (sent.with.length === 0) throw new Error('the campaign ended before the hits did: use more recipients');
  for (const interval of during) console.log(`beside a campaign paced at ${perSecond}/s: ${figures(interval)}`);
  const [quiet, busy] = [mean(sent.without), mean(sent.with)];
  console.log(
    `campaign: ${quiet.toFixed(0)} mails/s without hits, ${busy.toFixed(0)} with; ratio ${(busy / quiet).toFixed(3)}`,
  );
}

/** The tracked links of each recipient, as in the mails. */
async function trackedPaths(dataDir: string, campaign: number, recipients: number): Promise<readonly string[]> {
  const running = await readRunningFile(dataDir);
  if (running === undefined) throw new Error('the installation is not running');
  const store = await openStore({ url: running.mongodbUrl, database: readConfig({}).mongodbDatabase });
  try {
    const tokens = linkTokens(await linkKeyRing(store, keptSecret(dataDir)).ring());
    const people = store.db.collection<{ _id: number }>('subscribers').find().limit(recipients).project({ _id: 1 });
    const ids = (await people.toArray()).map(({ _id }) => Number(_id));
    return ids.flatMap((id, i) => `/c/${tokens.forRecipient(campaign, id, MADE)}/${(i % LINKS) + 1}`);
  } finally {
    await store.close();
  }
}

interface Interval {
  readonly perSecond: number;
  /** Milliseconds until the redirect, ascending. */
  readonly waits: readonly number[];
}

function hitting({ address }: EverpostProcess, paths: readonly string[], callers: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  let next = 0;

  const hit = (): Promise<void> =>
    new Promise((resolve, reject) => {
      next += 1;
      const request = get(`${address}${paths[next % paths.length]}`, { agent, headers: { 'user-agent': READER } });
      request.once('error', reject).once('response', (response) => {
        response.resume().once('end', resolve);
        if (response.statusCode !== 302) reject(new Error(`a link answered ${response.statusCode}`));
      });
    });

  return {
    /** Each caller sends its next request after a response; `paced` limits all of them together, per second. */
    during: async (seconds: number, paced = 0): Promise<Interval> => {
      const begun = machineTime();
      const waits: number[] = [];
      let started = 0;
      const oneByOne = async () => {
        while (machineTime() - begun < seconds * 1_000) {
          const due = paced === 0 ? 0 : begun + (started * 1_000) / paced - machineTime();
          started += 1;
          if (due > 0) await pause(due);
          const requestedAt = machineTime();
          await hit();
          waits.push(machineTime() - requestedAt);
        }
      };
      await Promise.all(Array.from({ length: callers }, oneByOne));
      const perSecond = (waits.length * 1_000) / (machineTime() - begun);
      return { perSecond, waits: waits.sort((one, other) => one - other) };
    },
  };
}

function figures({ perSecond, waits }: Interval): string {
  const at = (share: number) => (waits[Math.floor((waits.length - 1) * share)] ?? Number.NaN).toFixed(1);
  return `${perSecond.toFixed(0)} hits/s, answered in ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`;
}

async function launched(call: Call, list_id: number, settings: object): Promise<number> {
  return (await call<{ id: number }>('POST', '/campaigns', { list_id, ...letter, settings, send: true })).id;
}

async function ended(call: Call, id: number): Promise<void> {
  for (;;) {
    const { state, reason } = await call<{ state: string; reason: string | null }>('GET', `/campaigns/${id}`);
    if (state === 'sent') return;
    if (state === 'failed' || state === 'paused') throw new Error(`the campaign is ${state}: ${reason}`);
    await pause(1_000);
  }
}

/** Per second, between the first and the last of ascending milliseconds. */
function speed(moments: readonly number[]): number {
  return ((moments.length - 1) * 1_000) / ((moments.at(-1) ?? 0) - (moments[0] ?? 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
