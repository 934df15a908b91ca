import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { type RunningMongo, startMongo } from '../../../servers/mongodb/mongodb.js';
import { startTimeOf } from '../../../servers/process.js';
import { portOf } from '../../support/servers/port-of.js';
import { quietPort } from '../../support/servers/quiet-port.js';
import { until } from '../../support/until.js';

let dataDir: string;
let mongo: RunningMongo;
const start = (port: number) => startMongo({ config: readConfig(), dataDir, report: () => {}, port });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-mongodb-'));
  mongo = await start(await quietPort());
});
afterAll(async () => {
  await mongo.stop();
  await rm(dataDir, { recursive: true });
});

async function withThings<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(url);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const insert = (_id: string) =>
  withThings(mongo.url, (client) =>
    client
      .db('kept')
      .collection<{ _id: string }>('things')
      .insertOne({ _id }, { writeConcern: { w: 'majority', j: true } }),
  );
const kept = () => withThings(mongo.url, (client) => client.db('kept').collection('things').distinct('_id'));

test('the secrets and the data folder are for their owner alone, and strangers are refused', async () => {
  const [folder = ''] = await readdir(dataDir);
  expect(folder).toMatch(/^mongodb-\d+\.\d+$/);
  for (const file of ['password', 'key']) {
    expect((await stat(join(dataDir, folder, file))).mode & 0o777).toBe(0o600);
  }
  const stranger = mongo.url.replace(/\/\/[^@]+@/, '//').replace('&authSource=admin', '');
  const read = withThings(stranger, (client) => client.db('kept').collection('things').findOne());
  await expect(read).rejects.toThrow(/authentication/i);
});

test('it is a replica set: transactions and majority writes work', async () => {
  await withThings(mongo.url, (client) =>
    client.withSession((session) =>
      session.withTransaction(() => client.db('kept').collection('pairs').insertOne({ a: 1 }, { session })),
    ),
  );
});

test('what was written is there after kill -9 and a start on the same port', async () => {
  await insert('before the kill');
  const { pid, port } = mongo;
  process.kill(pid, 'SIGKILL');
  await until(async () => (await startTimeOf(pid)) === undefined);
  await mongo.stop();
  mongo = await start(port);
  expect(mongo.port).toBe(port);
  expect(await kept()).toEqual(['before the kill']);
});

test('where the wanted port is busy it takes another one and still finds itself', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  const taken = await portOf(busy);
  try {
    await mongo.stop();
    mongo = await start(taken);
    expect(mongo.port).not.toBe(taken);
    await insert('on another port');
    expect(await kept()).toEqual(['before the kill', 'on another port']);
  } finally {
    busy.close();
  }
});
