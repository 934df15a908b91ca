import { type Db, MongoClient } from 'mongodb';
import type { Config } from '../../config.js';

const CONNECT_TIMEOUT_MS = 5000;

/** Reads from the configured MongoDB; undefined if it cannot be reached, which another check reports. */
export async function readDatabase<T>(
  { mongodbUrl, mongodbDatabase }: Pick<Config, 'mongodbUrl' | 'mongodbDatabase'>,
  read: (db: Db) => Promise<T>,
): Promise<T | undefined> {
  if (mongodbUrl === undefined) return undefined;
  const client = new MongoClient(mongodbUrl, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  });
  try {
    return await read(client.db(mongodbDatabase));
  } catch {
    return undefined;
  } finally {
    await client.close();
  }
}
