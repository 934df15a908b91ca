import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { monotonic } from '../../clock.js';
import type { Import } from '../../store/imports/row.js';
import { aList, anApi, type TestApi } from '../support/api/api.js';
import { aWorkerProcess, type WorkerProcess } from '../support/everpost/worker-process.js';
import { testNamespace } from '../support/servers/test-servers.js';

const ROWS = 100_000;
const LEFT = { unsubscribed: 100, bounced: 50, complained: 25 } as const;
/**
 * The share of the file after which the worker is stopped, and the signal. The shares are early, because a busy machine
 * reacts late.
 */
const STOPS = [
  [0.1, 'SIGKILL'],
  [0.3, 'SIGKILL'],
  [0.5, 'SIGTERM'],
] as const;
/** A step of an import, in rows. */
const STEP = 1_000;

let api: TestApi;
let list: number;
let dataDir: string;
let environment: Record<string, string>;
let worker: WorkerProcess | undefined;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-import-'));
  const { address, namespace } = await testNamespace();
  environment = {
    MONGODB_URL: inject('mongodbUrl'),
    MONGODB_DATABASE: api.store.db.databaseName,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    EVERPOST_SECRET: 'a secret for the tests',
    DATA_DIR: dataDir,
  };
});
afterAll(async () => {
  await worker?.stop('SIGKILL');
  await api.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Every 100th row has no address; every 50th repeats the address 5,000 rows above with another name. */
function aFile(): string {
  const lines = Array.from({ length: ROWS }, (_, row) => {
    if (row % 100 === 99) return `nobody-${row},Nobody,X,`;
    if (row % 50 === 25 && row >= 5_000) return `person${row - 5_001}@a.test,Later${row},"Doe, ${row}",Rome`;
    return `person${row}@a.test,First${row},"Doe, ${row}",Oslo`;
  });
  return `E-Mail,Vorname,Nachname,City\n${lines.join('\n')}\n`;
}

/** The expected counts of the file, computed in memory. */
function expectedOf(csv: string, before: ReadonlySet<string>) {
  const people = new Map<string, string>();
  const counts = { created: 0, updated: 0, unchanged: 0, invalid: 0 };
  for (const line of csv.trim().split('\n').slice(1)) {
    const [email = '', name = ''] = line.split(',');
    if (!email.includes('@')) counts.invalid += 1;
    else if (people.has(email) || before.has(email)) counts.updated += 1;
    else counts.created += 1;
    if (email.includes('@')) people.set(email, name);
  }
  return { people, counts };
}

/** Subscribers in the file who left the list before the import. */
async function whoLeft(): Promise<Set<string>> {
  const keys: string[] = [];
  for (const [status, count] of Object.entries(LEFT)) {
    const emails = Array.from({ length: count }, (_, n) => `person${100 * (keys.length + n) + 1}@a.test`);
    const requests = emails.map((email) => ({ email, email_key: email }));
    await api.deps.subscribers.addBatch({ account: api.account, list, source: 'batch', requests: requests });
    await api.store.db
      .collection('subscribers')
      .updateMany({ list_id: list, email_key: { $in: emails } }, { $set: { status } });
    keys.push(...emails);
  }
  return new Set(keys);
}

/** The import's row as soon as `enough` is true of it, from a change stream. */
async function untilImport(id: number, enough: (row: Import) => boolean): Promise<Import> {
  const rows = api.store.db.collection<Import>('imports');
  const changes = rows.watch([{ $match: { 'documentKey._id': id } }], { fullDocument: 'updateLookup' });
  try {
    // The stream opens before the row is read, so that no change is missed.
    await changes.tryNext();
    const seen = await rows.findOne({ _id: id });
    if (seen !== null && enough(seen)) return seen;
    for await (const change of changes) {
      if ('fullDocument' in change && change.fullDocument && enough(change.fullDocument)) return change.fullDocument;
    }
    throw new Error('The change stream has ended');
  } finally {
    await changes.close();
  }
}

/** A condition that samples the memory of the worker at each call. */
function whileSampling(samples: number[], enough: (row: Import) => boolean) {
  return (row: Import): boolean => {
    samples.push(worker?.memory() ?? 0);
    return enough(row);
  };
}

test('100,000 rows are each counted once although the worker is killed twice and stopped once', async () => {
  const before = await whoLeft();
  const csv = aFile();
  const expected = expectedOf(csv, before);
  const url = `POST /api/v1/lists/${list}/imports?tags=imported`;
  const { data } = (await api.call(url, { payload: csv, headers: { 'content-type': 'text/csv' } })).json();

  // The API's engine is idle here, so the sweep of the first worker starts the workflow.
  const positions: number[] = [];
  for (const [share, signal] of STOPS) {
    worker = aWorkerProcess(environment);
    await untilImport(data.id, ({ at }) => at.row >= share * ROWS);
    await worker.stop(signal);
    const { at, counts, state } = (await api.deps.imports.find(api.account, data.id)) as Import;
    expect(state).toBe('running');
    expect(counts.created + counts.updated + counts.unchanged + counts.invalid).toBe(at.row);
    positions.push(at.row);
  }
  worker = aWorkerProcess(environment);
  const begun = await untilImport(data.id, ({ at }) => at.row > (positions.at(-1) ?? 0));
  const from = monotonic();
  const memory: number[] = [];
  const done = await untilImport(
    data.id,
    whileSampling(memory, ({ state }) => state === 'done'),
  );
  const speed = Math.round(((done.at.row - begun.at.row) / (monotonic() - from)) * 1_000);
  const summary = `stopped at ${positions.join(', ')}; then ${speed} rows/s, at most ${Math.max(...memory)} MB`;
  process.stdout.write(`import of ${ROWS} rows: ${summary}\n`);

  expect(done.at.row).toBe(ROWS);
  const { counts } = expected;
  expect(done.counts).toEqual({ ...counts, statuses: { active: counts.created + counts.updated } });
  expect(positions.every((row) => row % STEP === 0)).toBe(true);
  expect(Math.max(...memory)).toBeLessThan(450);

  const rows = api.store.db.collection('subscribers');
  const names = new Map<string, string>();
  for await (const { email_key, first_name, tags } of rows.find({ list_id: list })) {
    names.set(email_key, first_name);
    expect(tags).toEqual(['imported']);
  }
  expect(names).toEqual(expected.people);
  for (const [status, count] of Object.entries(LEFT)) {
    expect(await rows.countDocuments({ list_id: list, status })).toBe(count);
  }
  const errors = (await api.call(`GET /api/v1/imports/${data.id}/errors.csv`)).body.trim().split('\n');
  expect(new Set(errors.slice(1)).size).toBe(expected.counts.invalid);
}, 540_000);
