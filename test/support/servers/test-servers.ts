import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { MongoClient } from 'mongodb';
import { inject } from 'vitest';
import { readConfig } from '../../../config.js';
import { prepareNamespace } from '../../../workers/namespace.js';

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

/** Emptied databases of earlier files of this process: making 35 collections and their indexes costs 0.6 CPU seconds. */
const emptied: string[] = [];

/**
 * An empty database of its own on the run's MongoDB; the caller drops it at the end of the file, and a later file reuses it.
 * A test of query plans takes a new one: an index stays marked as multikey when its documents are gone.
 */
export async function testDatabase({ isNew = false } = {}): Promise<TestDatabase> {
  const url = inject('mongodbUrl');
  const name = (isNew ? undefined : emptied.pop()) ?? `test_${randomUUID().replaceAll('-', '')}`;
  const drop = async () => {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000 });
    try {
      const collections = await client.db(name).collections();
      await Promise.all(collections.map((collection) => collection.deleteMany({})));
      emptied.push(name);
    } finally {
      await client.close();
    }
  };
  return { url, name, drop };
}

/**
 * Address (host:port) of the run's Temporal; its namespace is shared: use unique names for task queues and workflows.
 * Numbers are not unique: the first campaign of each file is `campaign/1`.
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
