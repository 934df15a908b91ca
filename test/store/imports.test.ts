import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now, useClock } from '../../clock.js';
import { ACCOUNT, type ImportGround, importGround } from '../support/import-ground.js';

let ground: ImportGround;

beforeAll(async () => {
  ground = await importGround();
});
afterAll(() => ground.close());

const csv = 'email\na@a.test\nb@a.test\n';
const counted = { created: 1, updated: 0, unchanged: 0, invalid: 0 };

async function taken(id: number) {
  const take = await ground.imports.take(ACCOUNT, id);
  if (take.kind !== 'owned') throw new Error(`The import is ${take.kind}`);
  return take.row;
}

/** Runs with the clock moved on by as many hours. */
async function hoursLater<T>(hours: number, run: () => Promise<T>): Promise<T> {
  const at = new Date(now().getTime() + hours * 3_600_000);
  const restore = useClock({ now: () => at });
  return run().finally(restore);
}

describe('moving an import', () => {
  test('is the right of the attempt that took it last', async () => {
    const { _id: id } = await ground.anImport(await ground.aList(), csv);
    const first = await taken(id);
    const second = await taken(id);
    const at = { row: 1, byte: 15 };
    expect(await ground.imports.advance(first, at, counted)).toBeUndefined();
    expect(await ground.imports.finish(first)).toBe(false);
    expect(await ground.imports.fail(first, 'file_lost')).toBe(false);
    const moved = await ground.imports.advance(second, at, counted);
    expect(moved).toMatchObject({ at, counts: counted });
    expect(await ground.row(id)).toMatchObject({ state: 'running', at, counts: counted });
  });

  test('counts a step once, however often it is written', async () => {
    const { _id: id } = await ground.anImport(await ground.aList(), csv);
    const row = await taken(id);
    expect(await ground.imports.advance(row, { row: 1, byte: 15 }, counted)).toBeDefined();
    expect(await ground.imports.advance(row, { row: 1, byte: 15 }, counted)).toBeUndefined();
    expect((await ground.row(id)).counts).toEqual(counted);
  });

  test('belongs to one account', async () => {
    const { _id: id } = await ground.anImport(await ground.aList(), csv);
    expect(await ground.imports.take(ACCOUNT + 1, id)).toEqual({ kind: 'missing' });
    expect(await ground.imports.find(ACCOUNT + 1, id)).toBe('foreign');
  });
});

describe('accepting an upload', () => {
  test('again under the same claim finds the import it made before the answer was lost', async () => {
    const list = await ground.aList();
    const { file } = await ground.anImport(list, csv);
    if (file === null) throw new Error('An import without a file');
    const accept = async () => {
      const upload = await ground.imports.open(ACCOUNT, list, ground.blobs.newId());
      return ground.imports.accept(upload, { file, dry_run: false, tags: [], origin: 'the claim' });
    };
    const first = await accept();
    expect(await accept()).toEqual(first);
  });
});

describe('the sweep', () => {
  const owed = async () => (await ground.imports.owed(now()).toArray()).map(({ _id }) => _id);

  test('sees an import until it is through and tidied up', async () => {
    const { _id: id } = await ground.anImport(await ground.aList(), csv);
    expect(await owed()).toContain(id);
    const row = await taken(id);
    expect(await owed()).not.toContain(id);
    expect(await hoursLater(1, owed)).toContain(id);
    await ground.imports.finish(row);
    expect(await hoursLater(1, owed)).toContain(id);
    await ground.imports.settled(row);
    await ground.imports.lookAgain(id, now());
    expect(await hoursLater(1, owed)).not.toContain(id);
  });

  test('has an upload forgotten that broke off with its process', async () => {
    const list = await ground.aList();
    const { _id: id, blob } = await ground.imports.open(ACCOUNT, list, ground.blobs.newId());
    const blocks = ground.store.db.collection('blobs.chunks');
    await blocks.insertOne({ files_id: blob, n: 0, data: Buffer.from('half a file') });
    const { importNextRows } = ground.activities();
    await importNextRows({ account: ACCOUNT, import: id });
    expect(await blocks.countDocuments({ files_id: blob })).toBe(1);
    expect(await hoursLater(5, owed)).not.toContain(id);
    expect(await hoursLater(7, owed)).toContain(id);
    await hoursLater(7, () => importNextRows({ account: ACCOUNT, import: id }));
    expect(await blocks.countDocuments({ files_id: blob })).toBe(0);
    expect(await ground.store.db.collection<{ _id: number }>('imports').findOne({ _id: id })).toBeNull();
  });
});
