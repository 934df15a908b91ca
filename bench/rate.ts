import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openLog } from '../api/log.js';
import { storeOf } from '../cli/addresses.js';
import { runApi } from '../cli/api.js';
import { openInstallation } from '../cli/installation.js';
import { type Config, packageRoot } from '../config.js';
import { FIRST_ACCOUNT } from '../store/accounts/accounts.js';
import { keys } from '../store/keys/keys.js';
import { apiClient } from './harness/api-client.js';
import { newsletter } from './harness/newsletter.js';
import { ownSink } from './receiver/sink.js';

export interface BenchRateOptions {
  readonly config: Config;
  /** Mails a second the campaign is limited to (50). */
  readonly perSecond?: number;
  /** Recipients (1,000). */
  readonly recipients?: number;
  /** Worker processes (3). */
  readonly workers?: number;
  /** SMTP connections of each worker (20). */
  readonly connections?: number;
}

/** A campaign limited to N mails a second, sent by several worker processes: as the receiver measures it. */
export async function benchRate(options: BenchRateOptions): Promise<void> {
  const { config, perSecond = 50, recipients = 1_000, workers = 3, connections = 20 } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-rate-'));
  const sink = await ownSink();
  const own = { dataDir, port: 0, smtpUrl: sink.url, smtpConnections: connections };
  const ours: Config = { ...config, ...own, secret: 'a secret for this bench alone' };
  const log = openLog({ ...ours, logLevel: 'error' });
  const at = await openInstallation(ours, () => undefined);
  const store = await storeOf(ours, at);
  const api = await runApi(ours, store, at, log);
  const processes = Array.from({ length: workers }, () => workerProcess(ours, at));
  try {
    const { secret } = await keys(store).issue(FIRST_ACCOUNT, 'bench');
    await sendLimited(apiClient(api.address, secret), perSecond, recipients);
    const arrivals = await sink.accepted();
    console.log(`${workers} workers with ${connections} connections each, limit ${perSecond}/s`);
    report(
      arrivals.map(({ at }) => at),
      perSecond,
    );
  } finally {
    await Promise.all(processes.map(ended));
    await api.stop();
    await store.close();
    await at.stop();
    await sink.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function workerProcess(config: Config, at: { mongodbUrl: string; temporalAddress: string }): ChildProcess {
  return spawn(process.execPath, [join(packageRoot(), 'dist', 'cli.js'), 'worker'], {
    stdio: 'ignore',
    env: {
      PATH: config.path,
      MONGODB_URL: at.mongodbUrl,
      TEMPORAL_ADDRESS: at.temporalAddress,
      SMTP_URL: config.smtpUrl,
      SMTP_CONNECTIONS: String(config.smtpConnections),
      EVERPOST_SECRET: config.secret,
      PUBLIC_URL: config.publicUrl,
      DATA_DIR: config.dataDir,
    },
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function sendLimited(call: ReturnType<typeof apiClient>, perSecond: number, recipients: number): Promise<void> {
  const list = await call<{ id: number }>('POST', '/lists', { name: 'Rate' });
  for (let first = 0; first < recipients; first += 1_000) {
    const subscribers = Array.from({ length: Math.min(1_000, recipients - first) }, (_, i) => ({
      email: `reader${first + i}@example.test`,
    }));
    await call('POST', '/subscribers/batch', { list_id: list.id, subscribers });
  }
  const letter = { list_id: list.id, subject: newsletter.subject, html: newsletter.html };
  const settings = { rate_per_second: perSecond };
  const { id } = await call<{ id: number }>('POST', '/campaigns', { ...letter, settings, send: true });
  for (;;) {
    const { state } = await call<{ state: string }>('GET', `/campaigns/${id}`);
    if (state === 'sent' || state === 'failed') return;
    await delay(1_500);
  }
}

/** Mails in each full second between the first and the last, by the receiver's clock. */
function report(accepted: readonly number[], perSecond: number): void {
  const first = accepted[0] ?? 0;
  const seconds = ((accepted.at(-1) ?? first) - first) / 1_000;
  const histogram = Array.from({ length: Math.floor(seconds) + 1 }, () => 0);
  for (const at of accepted) {
    const second = Math.floor((at - first) / 1_000);
    histogram[second] = (histogram[second] ?? 0) + 1;
  }
  const full = histogram.slice(0, -1);
  const mean = (accepted.length - 1) / seconds;
  console.log(`${accepted.length} mails in ${seconds.toFixed(1)} s`);
  console.log(`measured ${mean.toFixed(1)}/s = ${(mean / perSecond).toFixed(3)} of the limit`);
  console.log(`mails in each second: ${histogram.join(' ')}`);
  console.log(`fullest second ${Math.max(...full)}, emptiest ${Math.min(...full)}`);
}
