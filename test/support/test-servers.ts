import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { inject } from 'vitest';

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

/** Address (host:port) of the run's Temporal dev server; its namespace "default" is prepared. */
export function testTemporal(): { address: string; namespace: string } {
  return { address: inject('temporalAddress'), namespace: 'default' };
}
