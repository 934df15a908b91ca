import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { type RunningMongo, startMongo } from '../../../servers/mongodb/mongodb.js';
import { isFree } from '../../../servers/ports.js';
import { startTimeOf } from '../../../servers/process.js';
import { type SupervisedServer, supervise } from '../../../servers/supervise.js';
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

/** Kills the process and waits for its end. */
async function kill(): Promise<void> {
  const { pid, port } = mongo;
  process.kill(pid, 'SIGKILL');
  await until(async () => (await startTimeOf(pid)) === undefined && (await isFree(port)));
}

/** As the next Everpost starts it after its own SIGKILL. */
async function killAndStart(port: number): Promise<void> {
  await kill();
  await mongo.stop();
  mongo = await start(port);
}

/** Another program on the port: it accepts connections and refuses each after a second. */
async function whileTaken<T>(port: number, work: () => Promise<T>): Promise<T> {
  const other = createServer((socket) => {
    socket.setTimeout(1_000, () => socket.destroy()).on('error', () => socket.destroy());
  }).listen(port, '127.0.0.1');
  try {
    await portOf(other);
    return await work();
  } finally {
    other.close();
  }
}

test('what was written is there after kill -9 and a start on the same port', async () => {
  await insert('before the kill');
  const { port } = mongo;
  await killAndStart(port);
  expect(mongo.port).toBe(port);
  expect(await kept()).toEqual(['before the kill']);
});

test('where the former port is taken after kill -9 it takes the next one and still finds itself', async () => {
  const { port } = mongo;
  await kill();
  await mongo.stop();
  await whileTaken(port, async () => {
    mongo = await start(port);
    expect(mongo.port).not.toBe(port);
    await insert('on another port');
    expect(await kept()).toEqual(['before the kill', 'on another port']);
  });
});

describe('supervised', () => {
  const reported: string[] = [];
  let supervised: SupervisedServer;
  beforeAll(() => {
    supervised = supervise('mongodb', mongo, (line) => reported.push(line));
  });

  test('it is started again on the same address with its data; meanwhile the outage has a reason', async () => {
    const { pid, url } = mongo;
    process.kill(pid, 'SIGKILL');
    await until(() => supervised.outage() !== undefined);
    expect(supervised.outage()).toMatchObject({ server: 'mongodb', detail: 'it ended with SIGKILL' });
    await until(() => supervised.outage() === undefined);
    expect(mongo.pid).not.toBe(pid);
    expect(mongo.url).toBe(url);
    expect(await kept()).toEqual(['before the kill', 'on another port']);
    expect(reported).toEqual([
      'MongoDB is down: it ended with SIGKILL. It is started again.',
      expect.stringMatching(/^MongoDB runs again, after \d+\.\d s\.$/),
    ]);
  });

  test('where another process has taken its port it is lost', async () => {
    await kill();
    await whileTaken(mongo.port, async () => {
      await expect(supervised.lost).rejects.toThrow(
        `MongoDB has ended and cannot be started again (3 tries): another process listens on port ${mongo.port}.`,
      );
    });
  });
});
