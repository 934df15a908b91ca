import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { retryUntilClosed } from '../../api/engine/lazy-client.js';
import { readConfig } from '../../config.js';
import { supervise } from '../../servers/supervise.js';
import { type RunningTemporal, startTemporal } from '../../servers/temporal.js';
import { prepareNamespace, SEARCH_ATTRIBUTES } from '../../workers/namespace.js';
import { until } from '../support/until.js';

let dataDir: string;
let temporal: RunningTemporal;
const start = () => startTemporal({ config: readConfig(), dataDir, report: () => {}, port: 0, uiPort: 0 });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-temporal-'));
  temporal = await start();
});
afterAll(async () => {
  await temporal.stop();
  await rm(dataDir, { recursive: true });
});

async function connected<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal.address, interceptors: retryUntilClosed() });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

test('a prepared namespace keeps 30 days and takes our search attributes at once', async () => {
  await connected(async (connection) => {
    expect(await prepareNamespace(connection, 'default')).toEqual({ retention: 'set', searchAttributes: 'added' });
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
    const attributes = SEARCH_ATTRIBUTES.map((name) => {
      return { key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value: 'x' };
    });
    await new Client({ connection }).workflow.start('nobodyRunsThis', {
      taskQueue: 'none',
      workflowId: 'kept',
      typedSearchAttributes: new TypedSearchAttributes(attributes),
    });
    expect(await prepareNamespace(connection, 'default')).toEqual({ retention: 'kept', searchAttributes: 'kept' });
  });
});

test('a namespace that is not there is registered, also by two at once', async () => {
  const namespace = `new-${randomUUID()}`;
  await connected(async (connection) => {
    await Promise.all([prepareNamespace(connection, namespace), prepareNamespace(connection, namespace)]);
    expect(await prepareNamespace(connection, namespace)).toEqual({ retention: 'kept', searchAttributes: 'kept' });
  });
});

test('the UI answers', async () => {
  expect((await fetch(temporal.uiUrl)).status).toBe(200);
});

test('supervised, it is there on the same address after kill -9, with its workflows and the prepared namespace', async () => {
  const { pid, address } = temporal;
  const supervised = supervise('temporal', temporal, () => {});
  process.kill(pid, 'SIGKILL');
  await until(() => supervised.outage() !== undefined);
  await until(() => supervised.outage() === undefined);
  expect(temporal.pid).not.toBe(pid);
  expect(temporal.address).toBe(address);
  await connected(async (connection) => {
    expect(await prepareNamespace(connection, 'default')).toEqual({ retention: 'kept', searchAttributes: 'kept' });
    const { status } = await new Client({ connection }).workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
  });
  await supervised.stop();
  await expect(supervised.lost).resolves.toBeUndefined();
});
