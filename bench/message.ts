import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config.js';
import { aListOfSubscribers, apiClient } from './harness/api-client.js';
import { type EverpostProcess, everpostProcess } from './harness/everpost-process.js';
import { machineTime } from './harness/machine-time.js';
import { newsletter } from './harness/newsletter.js';
import { type ClockedSink, ownSink } from './receiver/sink.js';

export interface BenchMessageOptions {
  readonly config: Config;
  /** Messages posted one by one, idle and beside the campaign (200). */
  readonly messages?: number;
  /** Messages posted all at once (2,000). */
  readonly burst?: number;
  /** Recipients of the campaigns (30,000). */
  readonly recipients?: number;
}

type Call = ReturnType<typeof apiClient>;

/** One post: when it was sent and when it was answered. */
interface Posted {
  readonly to: string;
  readonly requestedAt: number;
  readonly respondedAt: number;
}

/** Durations from the request to the response, and from the response to the mail server. */
interface Times {
  readonly accept: readonly number[];
  readonly toSmtp: readonly number[];
}

/** Callers of the burst. */
const AT_ONCE = 32;
const WARM_UP = 20;

/** Transactional messages through `everpost start` on embedded servers: idle, beside a campaign, and all at once. */
export async function benchMessage(options: BenchMessageOptions): Promise<void> {
  const { config, messages = 200, burst = 2_000, recipients = 30_000 } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-message-'));
  const sink = await ownSink();
  const everpost = await everpostProcess(config, dataDir, sink.url);
  try {
    await oneByOne(everpost, sink, WARM_UP);
    printLoad('idle');
    const idle = await oneByOne(everpost, sink, messages);
    const beside = await besideCampaign(everpost, sink, messages, recipients);
    printLoad('burst');
    const all = await allAtOnce(everpost, sink, burst);
    console.log(
      `\n${'ms'.padEnd(34)}${'accept p50'.padStart(11)}${'p99'.padStart(9)}${'to SMTP p50'.padStart(13)}${'p99'.padStart(9)}`,
    );
    console.log(line(`idle, ${messages} one by one`, idle));
    console.log(line(`beside a campaign at ${beside.perSecond}/s`, beside.times));
    console.log(line(`${burst} at once, ${AT_ONCE} callers`, all.times));
    console.log(
      `campaign alone ${beside.capacity.toFixed(0)} mails/s, ${beside.meanwhile} of its mails left while messages were posted`,
    );
    console.log(`messages: ${all.accepted.toFixed(0)}/s accepted, ${all.sent.toFixed(0)}/s at the mail server`);
  } finally {
    await everpost.stop();
    await sink.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function printLoad(phase: string): void {
  console.log(
    `${phase}: load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
}

async function post({ address, key }: EverpostProcess): Promise<Posted> {
  const to = `${randomUUID()}@example.test`;
  const body = {
    from: 'codes@example.test',
    to,
    subject: 'Your code',
    text: 'It is 123456',
    html: '<p>It is 123456</p>',
  };
  const requestedAt = machineTime();
  await apiClient(address, key)('POST', '/messages', body);
  return { to, requestedAt, respondedAt: machineTime() };
}

/** Posts each message once the previous one has arrived. */
async function oneByOne(everpost: EverpostProcess, sink: ClockedSink, count: number): Promise<Times> {
  const posted: Posted[] = [];
  for (let n = 0; n < count; n += 1) {
    const one = await post(everpost);
    posted.push(one);
    await sink.taken(one.to);
  }
  return timesOf(sink, posted);
}

async function timesOf(sink: ClockedSink, posted: readonly Posted[]): Promise<Times> {
  const arrivals = new Map((await sink.accepted()).map(({ to, at }) => [to, at]));
  return {
    accept: posted.map(({ requestedAt, respondedAt }) => respondedAt - requestedAt),
    toSmtp: posted.map(({ to, respondedAt }) => (arrivals.get(to) ?? Number.NaN) - respondedAt),
  };
}

async function besideCampaign(everpost: EverpostProcess, sink: ClockedSink, count: number, recipients: number) {
  const call = apiClient(everpost.address, everpost.key);
  const list = await aListOfSubscribers(call, 'Beside', recipients);
  const alone = await launched(call, list, {});
  await ended(call, alone);
  const capacity = speed((await sink.accepted()).filter(isReader).map(({ at }) => at));
  const perSecond = Math.max(1, Math.round(capacity / 2));
  printLoad(`campaign alone at ${capacity.toFixed(0)}/s`);
  const campaign = await launched(call, list, { rate_per_second: perSecond });
  const readers = async () => (await sink.accepted()).filter(isReader).length;
  while ((await readers()) < recipients * 1.05) await pause(500);
  const before = await readers();
  const times = await oneByOne(everpost, sink, count);
  const meanwhile = (await readers()) - before;
  if ((await readers()) >= 2 * recipients)
    console.log('the campaign ended before the messages did: use more recipients');
  await ended(call, campaign);
  return { times, capacity, perSecond, meanwhile };
}

function isReader({ to }: { readonly to: string }): boolean {
  return to.startsWith('reader');
}

async function launched(call: Call, list_id: number, settings: object): Promise<number> {
  const letter = { list_id, subject: newsletter.subject, html: newsletter.html };
  return (await call<{ id: number }>('POST', '/campaigns', { ...letter, settings, send: true })).id;
}

async function ended(call: Call, id: number): Promise<void> {
  for (;;) {
    const { state } = await call<{ state: string }>('GET', `/campaigns/${id}`);
    if (state === 'sent' || state === 'failed') return;
    await pause(1_000);
  }
}

async function allAtOnce(everpost: EverpostProcess, sink: ClockedSink, count: number) {
  const posted: Posted[] = [];
  let left = count;
  const oneByOne = async () => {
    while (left > 0) {
      left -= 1;
      posted.push(await post(everpost));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneByOne));
  await Promise.all(posted.map(({ to }) => sink.taken(to)));
  const ours = new Set(posted.map(({ to }) => to));
  const arrivals = (await sink.accepted()).filter(({ to }) => ours.has(to)).map(({ at }) => at);
  const begun = Math.min(...posted.map(({ requestedAt }) => requestedAt));
  return {
    times: await timesOf(sink, posted),
    accepted: speed([begun, ...posted.map(({ respondedAt }) => respondedAt).sort(ascending)]),
    sent: speed([begun, ...arrivals]),
  };
}

/** Per second, between the first and the last of ascending milliseconds. */
function speed(moments: readonly number[]): number {
  const seconds = ((moments.at(-1) ?? 0) - (moments[0] ?? 0)) / 1_000;
  return (moments.length - 1) / seconds;
}

function line(name: string, { accept, toSmtp }: Times): string {
  const shown = (times: readonly number[], share: number, width: number) =>
    quantile(times, share).toFixed(1).padStart(width);
  const columns = [shown(accept, 0.5, 11), shown(accept, 0.99, 9), shown(toSmtp, 0.5, 13), shown(toSmtp, 0.99, 9)];
  return name.padEnd(34) + columns.join('');
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted(ascending);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function ascending(one: number, other: number): number {
  return one - other;
}
