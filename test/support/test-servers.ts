import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { MongoClient } from 'mongodb';
import { inject } from 'vitest';
import { readConfig } from '../../config.js';
import { prepareNamespace } from '../../workers/namespace.js';

declare module 'vitest' {
  export interface ProvidedContext {
    mongodbUrl: string;
    temporalAddress: string;
  }
}

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

/** A database of its own on the run's MongoDB; the caller drops it when the file is through. */
export async function testDatabase(): Promise<TestDatabase> {
  const url = inject('mongodbUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const drop = async () => {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000 });
    try {
      await client.db(name).dropDatabase();
    } finally {
      await client.close();
    }
  };
  return { url, name, drop };
}

/**
 * Address (host:port) of the run's Temporal; its namespace is prepared and shared: name task queues and workflows apart.
 * Numbers do not do: each file's first campaign is `campaign/1`.
 */
export function testTemporal(): TestTemporal {
  return { address: inject('temporalAddress'), namespace: readConfig().temporalNamespace };
}

export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
}

/** A namespace of its own on the run's Temporal, for tests whose workflows are named by number; takes about a second. */
export async function testNamespace(): Promise<TestTemporal> {
  const address = inject('temporalAddress');
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address });
  try {
    await prepareNamespace(connection, namespace);
  } finally {
    await connection.close();
  }
  return { address, namespace };
}
