import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { linkKeyRing } from '../../../store/secrets/link-keys.js';
import { keptSecret, sealing } from '../../../store/secrets/sealing.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

let database: TestDatabase;
let store: Store;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'everpost-secret-'));
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await store.close();
  await database.drop();
});

test('concurrent processes get the same key ring', async () => {
  const rings = await Promise.all(Array.from({ length: 10 }, () => linkKeyRing(store, 'installation secret').ring()));
  expect(new Set(rings.map((ring) => JSON.stringify(ring))).size).toBe(1);
  expect(rings[0]).toMatchObject([{ kid: 1, current: true }]);
  expect(rings[0]?.[0]?.key).toHaveLength(32);
});

test('the key is sealed in the store, and another secret does not open it', async () => {
  const [key] = await linkKeyRing(store, 'installation secret').ring();
  const kept = JSON.stringify(await store.db.collection('secrets').find().toArray());
  expect(kept).not.toContain(key?.key.toString('base64url'));
  await expect(linkKeyRing(store, 'another secret').ring()).rejects.toThrow();
});

test('a seal opens with its secret and purpose only, and not after a modification', () => {
  const { seal, open } = sealing('installation secret', 'one');
  const sealed = seal(Buffer.from('password'));
  expect(open(sealed).toString()).toBe('password');
  expect(seal(Buffer.from('password'))).not.toBe(sealed);
  expect(() => sealing('installation secret', 'two').open(sealed)).toThrow();
  const [nonce, body = '', tag] = sealed.split('.');
  const touched = (body.startsWith('A') ? 'B' : 'A') + body.slice(1);
  expect(() => open([nonce, touched, tag].join('.'))).toThrow();
  expect(() => open([nonce, body, tag?.slice(0, 6)].join('.'))).toThrow('not a seal');
  expect(() => open('nonsense')).toThrow('not a seal');
});

test('the secret of a data folder is created once and readable by its owner only', () => {
  const made = keptSecret(join(folder, 'data'));
  expect(made.length).toBeGreaterThan(40);
  expect(keptSecret(join(folder, 'data'))).toBe(made);
  expect(statSync(join(folder, 'data', 'secret')).mode & 0o777).toBe(0o600);
});
