import { MongoClient } from 'mongodb';
import type { Config } from '../../config.js';
import { probe } from '../../mail/smtp/probe.js';
import type { Dial } from '../../mail/smtp/settings.js';
import { sealing } from '../../store/secrets/sealing.js';
import { SEALED_AS, type StoredTransport } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { type Finding, ok, warning } from './finding.js';

const CONNECT_TIMEOUT_MS = 5000;
/** An agency may have hundreds; the first ones show whether the network is right. */
const MAX_TRANSPORTS = 20;

type Known = Pick<Config, 'mongodbUrl' | 'mongodbDatabase' | 'secret' | 'allowedPrivateHosts'>;

/** Connects and logs in to each transport of the accounts, as `POST /transports/{id}/test` does. */
export async function checkTransports({ mongodbUrl, mongodbDatabase, secret, ...known }: Known): Promise<Finding[]> {
  if (mongodbUrl === undefined || secret === undefined) return [];
  const { rows, clients } = await enabled(mongodbUrl, mongodbDatabase);
  const dial = guardedDial(addressGuard(known.allowedPrivateHosts));
  // As the workers do: the host name of a client's transport is not trusted.
  return Promise.all(rows.map((row) => checkTransport(row, secret, clients.has(row.account) ? dial : undefined)));
}

interface Enabled {
  readonly rows: readonly StoredTransport[];
  /** Those of the accounts that are clients. */
  readonly clients: ReadonlySet<number>;
}

/** None if MongoDB cannot be reached; another check reports that. */
async function enabled(url: string, database: string): Promise<Enabled> {
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  });
  try {
    const db = client.db(database);
    const found = db.collection<StoredTransport>('transports').find({ enabled: true });
    const rows = await found.sort({ account: 1, priority: 1, _id: 1 }).limit(MAX_TRANSPORTS).toArray();
    const owners = { _id: { $in: rows.map(({ account }) => account) }, kind: 'client' };
    const clients = await db.collection<{ _id: number; kind: string }>('accounts').find(owners).toArray();
    return { rows, clients: new Set(clients.map(({ _id }) => _id)) };
  } catch {
    return { rows: [], clients: new Set() };
  } finally {
    await client.close();
  }
}

async function checkTransport(row: StoredTransport, secret: string, dial?: Dial): Promise<Finding> {
  const subject = `Transport ${row._id} (${row.name})`;
  const url = unsealedUrl(row, secret);
  if (url === undefined) {
    return warning(subject, 'its password was sealed with another EVERPOST_SECRET', 'set its url again');
  }
  const { host } = new URL(url);
  const seen = await probe(url, CONNECT_TIMEOUT_MS, dial);
  if (!seen.ok)
    return warning(subject, `${host} is not usable: ${seen.says}`, 'mail takes the next transport meanwhile');
  const login = seen.authenticated ? ', logged in' : '';
  return ok(subject, `${host} reached${login}, ${seen.tls === null ? 'without TLS' : `protected by ${seen.tls}`}`);
}

function unsealedUrl({ url }: StoredTransport, secret: string): string | undefined {
  try {
    return sealing(secret, SEALED_AS).open(url).toString();
  } catch {
    return undefined;
  }
}
