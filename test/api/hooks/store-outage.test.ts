import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownRoutes } from '../../../api/hooks/known-routes.js';
import { readConfig } from '../../../config.js';
import { type RunningMongo, startMongo } from '../../../servers/mongodb/mongodb.js';
import { aList, anApi, type Call, type TestApi } from '../../support/api/api.js';
import { dataFolder } from '../../support/servers/data-folder.js';
import { until } from '../../support/until.js';

let folder: string;
let mongo: RunningMongo;
let api: TestApi;
let list: number;

beforeAll(async () => {
  folder = await dataFolder('frozen');
  mongo = await startMongo({ config: readConfig(), dataDir: folder, report: () => undefined, port: 0 });
  const database = { url: mongo.url, name: 'frozen', drop: async () => undefined };
  // A key that was read before is known for a while: its requests reach the handlers.
  api = await anApi({}, { database, readsKeptFor: 600_000 });
  list = await aList(api);
});
afterAll(async () => {
  process.kill(mongo.pid, 'SIGCONT');
  await api.close();
  await mongo.stop();
  await rm(folder, { recursive: true, force: true });
});

const LIMIT = 10_000;
/** Routes that need no store. */
const WITHOUT_STORE = /^\/(?:health|docs|openapi\.json|metrics)/;

async function timed(route: string, options: Call = {}): Promise<{ status: number; ms: number }> {
  const begun = performance.now();
  const { statusCode: status } = await api.call(route, options);
  return { status, ms: performance.now() - begun };
}

/** Every route with some id in its path; keys for all dialects. */
function everyRead(): string[] {
  return knownRoutes(api.app)
    .filter(({ method, url }) => method === 'GET' && !url.includes('*') && !WITHOUT_STORE.test(url))
    .map(({ url }) => `GET ${url.replace(/:\w+/g, '1')}`);
}

const headers = () => ({ 'x-api-key': api.key, 'public-key': '1', 'private-key': api.key, 'x-api-token': api.key });

test('with a frozen MongoDB every route answers within ten seconds, and works again afterwards', async () => {
  expect((await api.call('GET /lists/show', { headers: headers() })).statusCode).toBe(200);
  process.kill(mongo.pid, 'SIGSTOP');
  const mail = { to: 'a@example.com', subject: 'x', text: 'x' };
  const emailmassivo = { to: { email: 'a@example.com' }, subject: 'x', html: 'x' };
  const writes: [string, object][] = [
    ['POST /api/v1/lists', { name: 'x' }],
    ['POST /api/v1/subscribers', { email: 'a@example.com', list_id: list }],
    ['POST /api/v1/subscribers/batch', { list_id: list, subscribers: [{ email: 'a@example.com' }] }],
    ['POST /api/v1/messages', mail],
    ['POST /api/v1/campaigns', { list_id: list, subject: 'x', html: '<p>x</p>' }],
    ['POST /api/v1/external-mails/send', { mail: emailmassivo }],
    ['POST /lists/create', { general: { name: 'x', description: 'x' } }],
    ['POST /email/send-email/', { identifier: 'digest', receiver: 'a@example.com' }],
  ];
  const asked = [
    ...everyRead().map((route) => ({ route, answer: timed(route, { headers: headers() }) })),
    ...writes.flatMap(([route, payload], n) => [
      { route, answer: timed(route, { payload, headers: headers() }) },
      { route, answer: timed(route, { payload, headers: { ...headers(), 'idempotency-key': `key-${n}` } }) },
    ]),
  ];
  expect(asked.length).toBeGreaterThan(60);
  const answers = await Promise.all(asked.map(async ({ route, answer }) => ({ route, ...(await answer) })));
  expect(answers.filter(({ ms }) => ms > LIMIT)).toEqual([]);
  // Others need no store: a built-in template, a query without its required fields, a link with a wrong signature.
  expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
  expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(50);
  expect(answers.filter(({ route }) => writes.some(([write]) => write === route)).map(({ status }) => status)).toEqual(
    writes.flatMap(() => [503, 503]),
  );
  process.kill(mongo.pid, 'SIGCONT');
  await until(async () => (await api.call('GET /ready', { key: null })).statusCode === 200);
  expect((await api.call('GET /api/v1/lists')).statusCode).toBe(200);
  const repeated = writes.map(([route, payload], n) =>
    timed(route, { payload, headers: { ...headers(), 'idempotency-key': `key-${n}` } }),
  );
  // No key is blocked by its first request.
  expect((await Promise.all(repeated)).map(({ status }) => status)).toEqual([201, 200, 200, 202, 201, 200, 200, 422]);
});

test('/ready names the MongoDB that is frozen, before MongoDB could have answered', async () => {
  process.kill(mongo.pid, 'SIGSTOP');
  const ready = await api.call('GET /ready', { key: null });
  process.kill(mongo.pid, 'SIGCONT');
  expect([ready.statusCode, ready.json().error.message]).toEqual([503, 'MongoDB did not answer within 400 ms.']);
});

test('a dialect says it in its own words', async () => {
  process.kill(mongo.pid, 'SIGSTOP');
  const [own, envie] = await Promise.all([
    api.call('GET /api/v1/external-mails/0-0', { key: null, headers: headers() }),
    api.call('GET /lists/show', { key: null, headers: headers() }),
  ]);
  process.kill(mongo.pid, 'SIGCONT');
  expect(own.json()).toEqual({
    statusCode: 503,
    message: 'Email processing service is temporarily unavailable',
    error: 'Service Unavailable',
  });
  expect([envie.statusCode, envie.json()]).toEqual([503, { status: 'error', error: expect.any(String) }]);
  expect(envie.headers['retry-after']).toBe('5');
});

test('a request that waits for something else goes on', async () => {
  const slow = await anApi({}, { timeLimits: { request: 0, headers: 0, loopDelay: 0, answer: 100, storePing: 3_000 } });
  const { ofAccount } = slow.deps.lists;
  let go: () => void = () => undefined;
  const waited = new Promise<void>((resolve) => {
    go = resolve;
  });
  Object.assign(slow.deps.lists, {
    ofAccount: async (account: number) => {
      await waited;
      return ofAccount(account);
    },
  });
  const { db } = slow.store;
  const command = db.command.bind(db);
  let pings = 0;
  Object.assign(db, {
    command: async (...given: Parameters<typeof command>) => {
      const result = await command(...given);
      pings += 1;
      return result;
    },
  });
  const answer = slow.call('GET /api/v1/lists');
  await until(() => pings >= 2);
  go();
  expect((await answer).statusCode).toBe(200);
  await slow.close();
});
