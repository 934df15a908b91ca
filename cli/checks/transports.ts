import { MongoClient } from 'mongodb';
import type { Config } from '../../config.js';
import { probe } from '../../mail/smtp/probe.js';
import { sealing } from '../../store/sealing.js';
import { SEALED_AS, type StoredTransport } from '../../store/transports.js';
import { type Finding, note, ok } from './finding.js';

const REACH_MS = 5000;
/** An agency may have hundreds; the first ones show whether the network is right. */
const MOST = 20;

type Known = Pick<Config, 'mongodbUrl' | 'mongodbDatabase' | 'secret'>;

/** The transports that accounts have set up: each is connected to and logged in at, as `POST /transports/{id}/test` does. */
export async function checkTransports({ mongodbUrl, mongodbDatabase, secret }: Known): Promise<Finding[]> {
  if (mongodbUrl === undefined || secret === undefined) return [];
  const rows = await enabled(mongodbUrl, mongodbDatabase);
  return Promise.all(rows.map((row) => checkTransport(row, secret)));
}

/** None where MongoDB is out of reach: another check says so. */
async function enabled(url: string, database: string): Promise<StoredTransport[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: REACH_MS, connectTimeoutMS: REACH_MS });
  try {
    const rows = client.db(database).collection<StoredTransport>('transports');
    return await rows.find({ enabled: true }).sort({ account: 1, priority: 1, _id: 1 }).limit(MOST).toArray();
  } catch {
    return [];
  } finally {
    await client.close();
  }
}

async function checkTransport(row: StoredTransport, secret: string): Promise<Finding> {
  const subject = `Transport ${row._id} (${row.name})`;
  const url = openedUrl(row, secret);
  if (url === undefined) {
    return note(subject, 'its password was sealed with another EVERPOST_SECRET', 'set its url again');
  }
  const { host } = new URL(url);
  const seen = await probe(url, REACH_MS);
  if (!seen.ok) return note(subject, `${host} is not usable: ${seen.says}`, 'mail takes the next transport meanwhile');
  const login = seen.authenticated ? ', logged in' : '';
  return ok(subject, `${host} reached${login}, ${seen.tls === null ? 'without TLS' : `protected by ${seen.tls}`}`);
}

function openedUrl({ url }: StoredTransport, secret: string): string | undefined {
  try {
    return sealing(secret, SEALED_AS).open(url).toString();
  } catch {
    return undefined;
  }
}
