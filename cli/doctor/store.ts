import { type Db, MongoClient } from 'mongodb';
import type { Config } from '../../config.js';
import { reasonOf } from '../../servers/report.js';
import { type Finding, warning } from './finding.js';
import { checkIndexes } from './indexes.js';
import { checkCampaigns, checkMessages, checkWebhooks } from './open-work.js';
import { checkSender, checkTransportStates } from './outgoing.js';
import { checkSweep } from './sweep.js';
import { checkVersion } from './version.js';

const CONNECT_TIMEOUT_MS = 5_000;

type Known = Pick<Config, 'mongodbUrl' | 'mongodbDatabase' | 'mailFrom' | 'smtpUrl'>;

/** What the rows of a running installation say. Nothing where MongoDB is away, which another check reports. */
export async function checkStore(config: Known): Promise<Finding[]> {
  if (config.mongodbUrl === undefined) return [];
  const client = new MongoClient(config.mongodbUrl, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  });
  try {
    if ((await client.connect().catch(() => undefined)) === undefined) return [];
    const db = client.db(config.mongodbDatabase);
    const checks: readonly (readonly [string, (db: Db) => Promise<Finding[]>])[] = [
      ['Sweep', checkSweep],
      ['Campaigns', checkCampaigns],
      ['Messages', checkMessages],
      ['Webhooks', checkWebhooks],
      ['Transports', checkTransportStates],
      ['MAIL_FROM', (rows) => checkSender(rows, config)],
      ['Database version', checkVersion],
      ['Indexes', checkIndexes],
    ];
    const unread = (subject: string) => (error: unknown) => [
      warning(subject, `could not be read: ${reasonOf(error)}`, 'see the finding about MongoDB'),
    ];
    return (await Promise.all(checks.map(([subject, check]) => check(db).catch(unread(subject))))).flat();
  } finally {
    await client.close();
  }
}
