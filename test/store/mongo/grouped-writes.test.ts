import { type Collection, MongoClient, type WriteConcernSettings } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type ConditionalWrites, groupedWrites } from '../../../store/mongo/conditional-writes.js';
import { breakSockets } from '../../support/store/broken-sockets.js';
import { ownStore } from '../../support/store/own-store.js';

interface Row {
  readonly _id: string;
  readonly owner: string;
  readonly n: number;
}

const store = ownStore();
const alive = () => true;
const each = (count: number) => Array.from({ length: count }, (_, i) => `row-${i}`);

/** A server that a write concern names and that does not exist: it is never met. */
const UNMET = { w: 3, wtimeoutMS: 10 } as const;
const DOCUMENT_VALIDATION_FAILURE = 121;

let client: MongoClient;
const made: Collection<Row>[] = [];
/** The sizes of the updates, and the number of deciding reads. */
const commands = { updates: [] as number[], finds: 0 };

beforeAll(async () => {
  client = new MongoClient(inject('mongodbUrl'), { monitorCommands: true });
  await client.connect();
  client.on('commandStarted', ({ commandName, command }) => {
    if (commandName === 'update') commands.updates.push(command['updates'].length);
    if (commandName === 'find') commands.finds += 1;
  });
});
afterAll(async () => {
  for (const rows of made) await rows.drop();
  await client.close();
});
beforeEach(() => forget());

function forget(): void {
  commands.updates.length = 0;
  commands.finds = 0;
}

/** A collection of its own with `count` free rows; `n` must stay below 100. */
async function freeRows(count: number): Promise<Collection<Row>> {
  const db = client.db(store.db.databaseName);
  const rows = await db.createCollection<Row>(`grouped_${made.length}`, { validator: { n: { $lt: 100 } } });
  made.push(rows);
  await rows.insertMany(each(count).map((_id) => ({ _id, owner: 'none', n: 0 })));
  forget();
  return rows;
}

/** Takes a free row. */
function taking(_id: string, owner = 'me', n = 1) {
  return {
    filter: { _id, owner: 'none' },
    update: { $set: { owner }, $inc: { n } },
    id: _id,
    isAfter: (now: Row) => now.owner === owner,
    isBefore: (now: Row) => now.owner === 'none',
  };
}

const takeAll = (write: ConditionalWrites<Row>, ids: readonly string[]) =>
  Promise.all(ids.map((id) => write(alive, taking(id))));

const read = async (rows: Collection<Row>) =>
  (await rows.find().sort({ _id: 1 }).toArray()).map(({ owner, n }) => [owner, n]);

/** The collection, with the write concern of its first update that is never met. */
function unmetOnce(rows: Collection<Row>): Collection<Row> {
  let concern: WriteConcernSettings | undefined = UNMET;
  return new Proxy(rows, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      return (first: unknown, second: unknown, third: object = {}) => {
        if (name === 'findOne') return method.call(target, first, second);
        const writeConcern = concern;
        concern = undefined;
        const options = { ...(name === 'bulkWrite' ? (second as object) : third), writeConcern };
        return name === 'bulkWrite' ? method.call(target, first, options) : method.call(target, first, second, options);
      };
    },
  });
}

test('a row of a bulk that does not match is lost; the others are done', async () => {
  const rows = await freeRows(3);
  await rows.updateOne({ _id: 'row-1' }, { $set: { owner: 'another' } });
  forget();
  const verdicts = await takeAll(groupedWrites(rows), [...each(3), 'missing']);
  expect(verdicts).toEqual(['done', 'lost', 'done', 'lost']);
  expect(commands).toEqual({ updates: [4], finds: 4 });
  expect(await read(rows)).toEqual([
    ['me', 1],
    ['another', 0],
    ['me', 1],
  ]);
});

test('a write that the server refuses for good fails alone', async () => {
  const rows = await freeRows(3);
  const write = groupedWrites(rows);
  const writes = each(3).map((id, i) => write(alive, taking(id, 'me', i === 1 ? 100 : 1)));
  const [first, second, third] = await Promise.allSettled(writes);
  expect(second).toMatchObject({ status: 'rejected', reason: { code: DOCUMENT_VALIDATION_FAILURE } });
  expect([first, third]).toEqual(Array(2).fill({ status: 'fulfilled', value: 'done' }));
  expect(await read(rows)).toEqual([
    ['me', 1],
    ['none', 0],
    ['me', 1],
  ]);
});

test('a write that cannot be encoded fails alone', async () => {
  const rows = await freeRows(3);
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const faulty = { ...taking('row-1'), update: { $set: { owner: circular as never } } };
  const write = groupedWrites(rows);
  const [first, second, third] = await Promise.allSettled([
    write(alive, taking('row-0')),
    write(alive, faulty),
    write(alive, taking('row-2')),
  ]);
  expect(second.status).toBe('rejected');
  expect([first, third]).toEqual(Array(2).fill({ status: 'fulfilled', value: 'done' }));
});

test.each([1, 2, 3])('a connection that breaks %i times: each row is written once', async (times) => {
  const rows = await freeRows(3);
  await rows.updateOne({ _id: 'row-2' }, { $set: { owner: 'another' } });
  const write = groupedWrites(rows);
  breakSockets(client, times);
  expect(await takeAll(write, each(3))).toEqual(['done', 'done', 'lost']);
  expect(await read(rows)).toEqual([
    ['me', 1],
    ['me', 1],
    ['another', 0],
  ]);
});

test('under a write-concern error no row is decided; the next command and the reads decide', async () => {
  const rows = await freeRows(3);
  expect(await takeAll(groupedWrites(unmetOnce(rows)), each(3))).toEqual(['done', 'done', 'done']);
  // The first command has written the rows, so that its repetitions match none.
  const [first, ...repeated] = commands.updates;
  expect([first, repeated.reduce((sum, size) => sum + size), commands.finds]).toEqual([3, 3, 3]);
  expect(await read(rows)).toEqual(Array(3).fill(['me', 1]));
});

test('under a write-concern error a single write is decided later, too', async () => {
  const rows = await freeRows(1);
  expect(await takeAll(groupedWrites(unmetOnce(rows)), each(1))).toEqual(['done']);
  expect(commands).toEqual({ updates: [1, 1], finds: 1 });
});

test('under a write-concern error a refused row is still refused', async () => {
  const rows = await freeRows(2);
  const write = groupedWrites(unmetOnce(rows));
  const writes = [write(alive, taking('row-0', 'me', 100)), write(alive, taking('row-1'))];
  const [refused, done] = await Promise.allSettled(writes);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: DOCUMENT_VALIDATION_FAILURE } });
  expect(done).toEqual({ status: 'fulfilled', value: 'done' });
});

test('a write whose caller ended while it waited is not sent; those beside it are answered as themselves', async () => {
  const rows = await freeRows(4);
  await rows.updateOne({ _id: 'row-2' }, { $set: { owner: 'another' } });
  forget();
  const write = groupedWrites(rows);
  let living = true;
  const first = write(alive, taking('row-0'));
  // The first command is under way.
  await new Promise<void>((resolve) => client.once('commandStarted', () => resolve()));
  const waiting = [write(() => living, taking('row-1')), write(alive, taking('row-2')), write(alive, taking('row-3'))];
  living = false;
  expect(await Promise.all([first, ...waiting])).toEqual(['done', 'lost', 'lost', 'done']);
  expect(commands.updates).toEqual([1, 2]);
  expect(await read(rows)).toEqual([
    ['me', 1],
    ['none', 0],
    ['another', 0],
    ['me', 1],
  ]);
});

test('300 concurrent writes travel in two commands, and no row is read', async () => {
  const rows = await freeRows(300);
  expect(new Set(await takeAll(groupedWrites(rows), each(300)))).toEqual(new Set(['done']));
  expect(commands).toEqual({ updates: [200, 100], finds: 0 });
});
