import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { faultsOfWorkers } from '../../../cli/worker/health.js';
import { freePort } from '../../../servers/ports.js';
import { run, startTimeOf } from '../../../servers/process.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { DEFAULT_PREFIX } from '../../../workflows/names.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { type PausableProxy, pausableProxy } from '../../support/servers/pausable-proxy.js';

/** Five pages, and so five lanes: more than one process has slots for. */
const READERS = 2_500;
const TOKEN = 'a-token-for-prometheus';
const CONNECTIONS = 8;
const workers: ChildProcess[] = [];
let cluster: TestCluster;
let campaign: Campaign;
/** The way of the workers to Temporal. */
let temporal: PausableProxy;
let dataDir: string;
beforeAll(async () => {
  cluster = await aTestCluster({ prefix: DEFAULT_PREFIX });
  temporal = await pausableProxy(cluster.place.temporalAddress);
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-workers-'));
  // The build puts it one folder above the program.
  const programs = inject('endToEndPrograms');
  copyFileSync(inject('workflowBundle'), join(programs, '..', 'workflow-bundle.js'));
});
afterAll(async () => {
  for (const worker of workers) await endGroup(worker, 'SIGKILL');
  temporal?.close();
  await cluster?.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** `everpost worker` with two sending processes, in a process group of its own. */
async function aWorker(): Promise<{ worker: ChildProcess; metricsPort: number }> {
  const { mongodbUrl, database, namespace } = cluster.place;
  const metricsPort = await freePort(0);
  const worker = spawn(process.execPath, [join(inject('endToEndPrograms'), 'cli.js'), 'worker'], {
    env: {
      ...process.env,
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
      SMTP_URL: cluster.receiver.url,
      SMTP_CONNECTIONS: `${CONNECTIONS}`,
      WORKER_PROCESSES: '2',
      EVERPOST_SECRET: SECRET,
      DATA_DIR: dataDir,
      METRICS_TOKEN: TOKEN,
      METRICS_PORT: `${metricsPort}`,
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  workers.push(worker);
  return { worker, metricsPort };
}

async function sendersOf({ pid }: ChildProcess): Promise<number[]> {
  const { output } = await run('ps', ['-o', 'pid=', '--ppid', `${pid}`], 5_000);
  const children = output.trim().split(/\s+/).filter(Boolean).map(Number);
  // `ps` lists a child that has ended until its parent has heard of it.
  const startTimes = await Promise.all(children.map(startTimeOf));
  return children.filter((_, at) => startTimes[at] !== undefined);
}

async function untilTwoSenders(worker: ChildProcess): Promise<number[]> {
  await cluster.untilTrue(async () => (await sendersOf(worker)).length === 2);
  return sendersOf(worker);
}

async function endGroup(worker: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = worker.exitCode === null && worker.signalCode === null ? once(worker, 'exit') : Promise.resolve([]);
  try {
    process.kill(-(worker.pid ?? 0), signal);
  } catch {
    // No process of the group is left.
  }
  await ended;
  return worker.exitCode;
}

const areGone = async (pids: readonly number[]) =>
  (await Promise.all(pids.map(startTimeOf))).every((startTime) => startTime === undefined);

/** Mails that each process has sent, by its own count. */
async function sentBy(metricsPort: number): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const text = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers }).then(
    (response) => response.text(),
    () => '',
  );
  expect(new Set(text.match(/^# TYPE .*$/gm)).size).toBe((text.match(/^# TYPE /gm) ?? []).length);
  const counts = text.matchAll(/^everpost_mails_total\{kind="campaign",outcome="sent",process="(.*)"\} (\d+)$/gm);
  return Object.fromEntries([...counts].map(([, name = '', count]) => [name, Number(count)]));
}

test('two processes send one campaign, and drain when their parent is killed', async () => {
  expect(await faultsOfWorkers(dataDir)).toEqual([expect.stringMatching(/^No worker runs/)]);
  const { worker, metricsPort } = await aWorker();
  campaign = await cluster.launch(READERS, { settings: atRate(100) });
  await cluster.receiver.untilAccepted(200);
  const senders = await untilTwoSenders(worker);
  await cluster.untilTrue(async () => {
    const sent = await sentBy(metricsPort);
    return ['send-0', 'send-1'].every((name) => (sent[name] ?? 0) > 0);
  });
  worker.kill('SIGKILL');
  await cluster.untilTrue(() => areGone(senders));
  expect(await faultsOfWorkers(dataDir)).toEqual([expect.stringMatching(/^A worker was killed/)]);
  expect(await cluster.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: 0 });
});

test('SIGTERM to the process group drains all of its processes', async () => {
  const before = cluster.receiver.accepted.length;
  const { worker } = await aWorker();
  await cluster.receiver.untilAccepted(before + 200);
  const senders = await untilTwoSenders(worker);
  expect(await faultsOfWorkers(dataDir)).toEqual([]);
  expect(await endGroup(worker, 'SIGTERM')).toBe(0);
  expect(await areGone(senders)).toBe(true);
  expect(await cluster.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: 0 });
});

test('a process that is killed loses no recipient, and another takes its place', async () => {
  const before = cluster.receiver.accepted.length;
  const { worker } = await aWorker();
  await cluster.receiver.untilAccepted(before + 200);
  const [killed = 0] = await untilTwoSenders(worker);
  process.kill(killed, 'SIGKILL');
  await cluster.untilTrue(() => areGone([killed]));
  expect(await untilTwoSenders(worker)).not.toContain(killed);
  await cluster.untilState(campaign, 'sent');
  const { uncertain, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent + uncertain.length).toBe(READERS);
  // docs/architecture/protocol.md "Bound on uncertain": 4 × its share of the connections.
  expect(uncertain.length).toBeLessThanOrEqual(4 * (CONNECTIONS / 2));
});

test('a worker is healthy while Temporal is away, and is not while one of its processes is frozen', async () => {
  const worker = workers.at(-1);
  temporal.pause();
  expect(await faultsOfWorkers(dataDir)).toEqual([]);
  temporal.resume();
  const [frozen = 0] = worker === undefined ? [] : await sendersOf(worker);
  process.kill(frozen, 'SIGSTOP');
  const fault = `^Worker ${worker?.pid} \\(running\\): its process [01] \\(${frozen}\\) has not answered within 2000 ms`;
  expect(await faultsOfWorkers(dataDir)).toEqual([expect.stringMatching(fault)]);
  process.kill(frozen, 'SIGCONT');
  await cluster.untilTrue(async () => (await faultsOfWorkers(dataDir)).length === 0);
});
