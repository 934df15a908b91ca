import { rm } from 'node:fs/promises';
import { Connection } from '@temporalio/client';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../../config.js';
import { startMongo } from '../../../servers/mongodb/mongodb.js';
import { startTemporal } from '../../../servers/temporal.js';
import { prepareNamespace } from '../../../workers/namespace.js';
import { dataFolder } from './data-folder.js';

interface Servers {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
  stop(): Promise<void>;
}

/** Each project loads this file separately; one pair of servers for the run is kept on `globalThis`. */
const shared = globalThis as typeof globalThis & { everpostServers?: { users: number; servers: Promise<Servers> } };

/** Vitest's global setup: one MongoDB and one Temporal for the whole run, or the ones the environment names. */
export async function setup(project: TestProject): Promise<void> {
  shared.everpostServers ??= { users: 0, servers: start() };
  shared.everpostServers.users += 1;
  const { mongodbUrl, temporalAddress } = await shared.everpostServers.servers;
  project.provide('mongodbUrl', mongodbUrl);
  project.provide('temporalAddress', temporalAddress);
}

export async function teardown(): Promise<void> {
  const { everpostServers } = shared;
  if (everpostServers === undefined) return;
  everpostServers.users -= 1;
  if (everpostServers.users > 0) return;
  delete shared.everpostServers;
  await everpostServers.servers.then(({ stop }) => stop());
}

async function start(): Promise<Servers> {
  const config = readConfig();
  const dataDir = await dataFolder('test');
  const plan = { config, dataDir, port: 0, report: (line: string) => process.stdout.write(`${line}\n`) };
  const stops: (() => Promise<void>)[] = [() => rm(dataDir, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    let { mongodbUrl, temporalAddress } = config;
    if (mongodbUrl === undefined) {
      const mongo = await startMongo(plan);
      stops.push(mongo.stop);
      mongodbUrl = mongo.url;
    }
    if (temporalAddress === undefined) {
      const temporal = await startTemporal({ ...plan, uiPort: 0 });
      stops.push(temporal.stop);
      temporalAddress = temporal.address;
    }
    await prepare(temporalAddress, config.temporalNamespace);
    return { mongodbUrl, temporalAddress, stop };
  } catch (failure) {
    await stop();
    throw new Error('Integration and end-to-end tests need MongoDB and Temporal', {
      cause: failure,
    });
  }
}

async function prepare(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await prepareNamespace(connection, namespace);
  } finally {
    await connection.close();
  }
}
