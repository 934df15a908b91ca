import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, test, vi } from 'vitest';
import { health } from '../../cli/health.js';
import { workerPolls } from '../../cli/worker/polls.js';
import { readConfig } from '../../config.js';
import { workflowBundle } from '../../workers/bundle.js';
import { portOf } from '../support/servers/port-of.js';
import { testTemporal } from '../support/servers/test-servers.js';
import { until } from '../support/until.js';

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

test('a worker is alive once it asks Temporal for work, on its own host only', async () => {
  const { address, namespace } = testTemporal();
  const config = { temporalAddress: address, temporalNamespace: namespace };
  const taskQueue = `health-${randomUUID()}`;
  expect(await workerPolls(config, taskQueue)).toBe(false);
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle: await workflowBundle() });
  await worker.runUntil(async () => {
    await until(() => workerPolls(config, taskQueue));
    expect(await workerPolls(config, taskQueue, 'elsewhere')).toBe(false);
  });
  await connection.close();
});
