import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { health } from '../../cli/health.js';
import { faultsOfWorkers, serveWorkerHealth } from '../../cli/worker/health.js';
import { readConfig } from '../../config.js';
import { installRuntime } from '../../workers/main.js';
import { processStatus } from '../../workers/queue-workers.js';
import { portOf } from '../support/servers/port-of.js';
import { testTemporal } from '../support/servers/test-servers.js';

vi.spyOn(console, 'error').mockImplementation(() => undefined);

test.each([
  [200, 0],
  [503, 1],
])('an API that answers %i: exit code %i', async (status, code) => {
  const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  const port = await portOf(server);
  expect(await health({ ...readConfig({}), port }, 'api')).toBe(code);
  expect(await health({ ...readConfig({}), port, host: '0.0.0.0' }, 'api')).toBe(code);
  await new Promise((resolve) => server.close(resolve));
});

test('an API that is not there: exit code 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await health({ ...readConfig({}), port }, 'api')).toBe(1);
});

describe('a worker answers for itself, through a socket in DATA_DIR', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'everpost-health-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const log = pino({ level: 'silent' });
  const running = (state: 'running' | 'stopping', ...faults: string[]) => ({ health: async () => ({ state, faults }) });
  const exitCode = () => health({ ...readConfig({}), dataDir }, 'worker');
  const sockets = async () => (await readdir(dataDir)).filter((name) => name.endsWith('.sock'));

  test.each([
    ['starts', 0, undefined],
    ['runs', 0, running('running')],
    ['finishes its mails', 0, running('stopping')],
    ['has lost a queue', 1, running('running', 'it no longer asks for tasks')],
  ])('one that %s: exit code %i', async (_what, code, worker) => {
    const socket = await serveWorkerHealth(dataDir, () => worker, log);
    expect(await exitCode()).toBe(code);
    await socket.stop();
    expect(await sockets()).toEqual([]);
    expect(await faultsOfWorkers(dataDir)).toEqual([`No worker runs on this host with DATA_DIR ${dataDir}.`]);
  });

  test('of several, each must be healthy', async () => {
    const both = [running('running'), running('running', 'it no longer asks for tasks')];
    const served = await Promise.all(both.map((worker) => serveWorkerHealth(dataDir, () => worker, log)));
    expect(await faultsOfWorkers(dataDir)).toEqual([`Worker ${process.pid} (running): it no longer asks for tasks.`]);
    await Promise.all(served.map(({ stop }) => stop()));
  });

  test('one that was killed is a fault until a worker starts', async () => {
    const socket = await serveWorkerHealth(dataDir, () => undefined, log);
    const [name = ''] = await sockets();
    await socket.stop();
    await leaveSocket(join(dataDir, name));
    expect(await faultsOfWorkers(dataDir)).toEqual([expect.stringMatching(/^A worker was killed: /)]);
    const next = await serveWorkerHealth(dataDir, () => undefined, log);
    expect(await exitCode()).toBe(0);
    expect(await sockets()).not.toContain(name);
    await next.stop();
  });

  test('one that does not answer is a fault', async () => {
    const stands = { health: () => new Promise<never>(() => undefined) };
    const socket = await serveWorkerHealth(dataDir, () => stands, log);
    const faults = await faultsOfWorkers(dataDir, 100);
    expect(faults).toEqual([expect.stringMatching(/^A worker runs, but has not answered within 100 ms at /)]);
    await socket.stop();
  });

  test('where no socket can be made the worker goes on without', async () => {
    const error = vi.fn();
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    const socket = await serveWorkerHealth(join(file, 'below'), () => undefined, { error });
    expect(error.mock.lastCall?.[1]).toContain('the worker itself runs');
    await socket.stop();
  });
});

/** Ends without deleting its socket, as a killed worker does. */
async function leaveSocket(path: string): Promise<void> {
  const listens = "require('node:net').createServer().listen(process.argv[1], () => process.stdout.write('listens'))";
  const child = spawn(process.execPath, ['-e', listens, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

test.each([
  ['RUNNING', 'POLLING', 'SHUTDOWN', false, []],
  ['RUNNING', 'FAILED', 'POLLING', false, ['queue']],
  ['RUNNING', 'POLLING', 'FAILED', false, ['queue']],
  ['FAILED', 'SHUTDOWN', 'SHUTDOWN', false, ['queue']],
  ['STOPPED', 'SHUTDOWN', 'SHUTDOWN', false, ['queue']],
  ['DRAINING', 'SHUTDOWN', 'SHUTDOWN', true, []],
  ['FAILED', 'SHUTDOWN', 'SHUTDOWN', true, ['queue']],
] as const)('a queue that is %s, %s, %s (stopping: %s): lost %j', (runState, workflows, activities, stopping, lost) => {
  const status = { runState, workflowPollerState: workflows, activityPollerState: activities };
  const worker = { getStatus: () => status, options: { taskQueue: 'queue' } };
  expect(processStatus([worker as unknown as Worker], stopping)).toMatchObject({ lost });
});

test('of the real workers of a process, the queue whose worker has stopped is lost', async () => {
  installRuntime(pino({ level: 'silent' }));
  const { address, namespace } = testTemporal();
  const connection = await NativeConnection.connect({ address });
  const queues = ['kept', 'lost'].map((name) => `health-${name}-${randomUUID()}`);
  const activities = { anyStep: async () => undefined };
  const workers = await Promise.all(
    queues.map((taskQueue) => Worker.create({ connection, namespace, taskQueue, activities })),
  );
  const [kept, lost] = workers.map((worker) => worker.run());
  expect(processStatus(workers, false)).toEqual({ state: 'running', lost: [] });
  workers[1]?.shutdown();
  await lost;
  expect(processStatus(workers, false)).toEqual({ state: 'running', lost: [queues[1]] });
  workers[0]?.shutdown();
  await kept;
  await connection.close();
});
