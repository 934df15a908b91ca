import { type BulkWriteResult, type Collection, type Db, type Document, MongoBulkWriteError } from 'mongodb';
import type { Connection } from 'mongodb/lib/cmap/connection.js';
import { expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { fatesAfter } from '../../../store/mongo/bulk-fates.js';
import type { Store } from '../../../store/mongo/connect.js';
import { type Fault, unreliableStore } from '../../model/network.js';
import { aMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const stored = () => store.ledger.collection<Message>('messages');
/** Also rows that the majority has not confirmed. */
const storedAmong = (rows: readonly Message[]) =>
  store.db.collection<Message>('messages').countDocuments({ _id: { $in: rows.map(({ _id }) => _id) } });
const someRows = (count: number) => Array.from({ length: count }, () => aMessage());
const accepted = (rows: readonly Message[]) => rows.map(({ _id }) => ({ kind: 'accepted', id: _id }));

type Insert = (group: readonly Document[], options: object) => Promise<unknown>;

/** The store whose inserts of several rows pass through `inserts`, with the real insert of the collection. */
function through(inserts: (real: Insert, group: readonly Document[], options: object) => Promise<unknown>): Store {
  const wrapped = (rows: Collection) =>
    new Proxy(rows, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        const method = value.bind(of) as Insert;
        return name === 'insertMany'
          ? (group: readonly Document[], options: object) => inserts(method, group, options)
          : method;
      },
    });
  const collection = (...args: Parameters<Db['collection']>) => wrapped(store.ledger.collection(...args));
  return { db: store.db, ledger: { collection, client: store.ledger.client } as unknown as Db, close: store.close };
}

test('concurrent requests share one insert, and each is answered by the fate of its own row', async () => {
  const groups: number[] = [];
  const { accept } = messages(
    through((real, group, options) => {
      groups.push(group.length);
      return real(group, options);
    }),
  );
  const earlier = aMessage({ key: 'shared', hash: 'one' });
  await accept([earlier]);
  const [repeated, reused] = [aMessage({ key: 'shared', hash: 'one' }), aMessage({ key: 'shared', hash: 'another' })];
  const fresh = someRows(20);
  const verdicts = await Promise.all([repeated, ...fresh, reused].map((row) => accept([row])));
  expect(verdicts).toEqual([{ kind: 'known', id: earlier._id }, ...accepted(fresh), { kind: 'key_reused' }]);
  expect(groups).toEqual([1, 22]);
  expect(await storedAmong([repeated, ...fresh, reused])).toBe(20);
});

test('requests with copies do not share an insert', async () => {
  const groups: number[] = [];
  const { accept } = messages(
    through((real, group, options) => {
      groups.push(group.length);
      return real(group, options);
    }),
  );
  const primary = aMessage();
  const withCopy = [primary, aMessage({ group: primary._id, role: 'cc' })];
  const alone = someRows(2);
  expect(await Promise.all([accept(withCopy), ...alone.map((row) => accept([row]))])).toEqual([
    { kind: 'accepted', id: primary._id },
    ...accepted(alone),
  ]);
  expect(groups.sort()).toEqual([2, 2]);
});

test.each<[string, Fault[]]>([
  ['half of it was applied', ['part']],
  ['it was applied', ['deaf']],
  ['it was never applied', ['drop', 'drop']],
])('after an insert without an answer, of which %s, every row is accepted once', async (_, faults) => {
  const rows = someRows(9);
  const { accept } = messages(unreliableStore(store, { faults }, []));
  expect(await Promise.all(rows.map((row) => accept([row])))).toEqual(accepted(rows));
  expect(await storedAmong(rows)).toBe(9);
});

/** Insert under a write concern that no server of the tests can confirm: the rows are applied, and an error is answered. */
const unconfirmed: Parameters<typeof through>[0] = (real, group, options) =>
  real(group, { ...options, writeConcern: { w: 5 } });

test('rows that the majority has not confirmed are unknown; a reused key beside them is refused', async () => {
  const earlier = aMessage({ key: 'unconfirmed', hash: 'one' });
  await messages(store).accept([earlier]);
  const { accept } = messages(through(unconfirmed));
  const rows = someRows(3);
  const reused = aMessage({ key: 'unconfirmed', hash: 'another' });
  const verdicts = await Promise.all([...rows, reused].map((row) => accept([row], 0)));
  expect(verdicts).toEqual([...rows.map(({ _id }) => ({ kind: 'unknown', id: _id })), { kind: 'key_reused' }]);
  expect(await storedAmong(rows)).toBe(3);
});

test('rows that the majority confirms later are accepted under the same ids', async () => {
  let inserts = 0;
  const { accept } = messages(
    through((real, group, options) => {
      inserts += 1;
      return inserts === 1 ? unconfirmed(real, group, options) : real(group, options);
    }),
  );
  const rows = someRows(4);
  expect(await Promise.all(rows.map((row) => accept([row])))).toEqual(accepted(rows));
  expect(inserts).toBeGreaterThan(1);
  expect(await storedAmong(rows)).toBe(4);
});

/** Private parts of the driver. */
interface Inside {
  readonly topology: { readonly s: { readonly servers: Map<string, { readonly pool: Pool }> } };
}
interface Pool {
  readonly checkedOut: Set<Connection>;
}

test('an error of the driver inside the error of a bulk leaves every row unknown', async () => {
  const { client } = store.ledger;
  await stored().findOne({});
  const breakSocket = ({ connectionId }: { readonly connectionId: number | '<monitor>' }) => {
    for (const { pool } of (client as unknown as Inside).topology.s.servers.values())
      for (const connection of pool.checkedOut) if (connection.id === connectionId) connection.socket.destroy();
  };
  const errors: unknown[] = [];
  const { accept } = messages(
    through((real, group, options) =>
      real(group, options).catch((error: unknown) => {
        errors.push(error);
        throw error;
      }),
    ),
  );
  const rows = someRows(3);
  client.on('connectionCheckedOut', breakSocket);
  const unknown = await Promise.all(rows.map((row) => accept([row], 0)));
  client.off('connectionCheckedOut', breakSocket);
  expect(unknown).toEqual(rows.map(({ _id }) => ({ kind: 'unknown', id: _id })));
  expect(errors).toEqual([expect.any(MongoBulkWriteError)]);
  expect(await Promise.all(rows.map((row) => accept([row])))).toEqual(accepted(rows));
});

function bulkError(code: number | undefined, rows: readonly { index: number; code: number }[]): MongoBulkWriteError {
  const result = { getWriteErrors: () => rows, getWriteConcernError: () => undefined };
  return new MongoBulkWriteError(
    { message: 'no', code, writeErrors: [] } as never,
    result as unknown as BulkWriteResult,
  );
}

const DUPLICATE = 11_000;
const TOO_LARGE = 10_334;
const STEPPING_DOWN = 189;
const UNAUTHORIZED = 13;

test.each([
  [
    'only rows failed',
    bulkError(DUPLICATE, [{ index: 1, code: DUPLICATE }]),
    ['executed', 'duplicate_key', 'executed'],
  ],
  [
    'the server stepped down at a row',
    bulkError(DUPLICATE, [
      { index: 0, code: DUPLICATE },
      { index: 1, code: STEPPING_DOWN },
    ]),
    ['duplicate_key', 'unknown', 'unknown'],
  ],
  ['the server stepped down', bulkError(STEPPING_DOWN, []), ['unknown', 'unknown', 'unknown']],
  ['the driver failed', bulkError(undefined, []), ['unknown', 'unknown', 'unknown']],
  ['the command was refused', bulkError(UNAUTHORIZED, []), Array(3).fill({ refused: { code: UNAUTHORIZED } })],
  [
    'a row was refused',
    bulkError(TOO_LARGE, [{ index: 2, code: TOO_LARGE }]),
    ['executed', 'executed', { refused: { code: TOO_LARGE } }],
  ],
  ['our own code failed', new TypeError('x'), Array(3).fill({ refused: { message: 'x' } })],
])('the fate of each row where %s', (_, error, fates) => {
  expect(fatesAfter(error, 3)).toMatchObject(fates);
});
