import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now, useClock } from '../../../clock.js';
import { ACCOUNT, type ImportFixture, importFixture } from '../../support/activities/import-fixture.js';

let fixture: ImportFixture;

beforeAll(async () => {
  fixture = await importFixture();
});
afterAll(() => fixture.close());

const csv = 'email\na@a.test\nb@a.test\n';
const counted = { created: 1, updated: 0, unchanged: 0, invalid: 0 };

async function taken(id: number) {
  const take = await fixture.imports.take(ACCOUNT, id);
  if (take.kind !== 'owned') throw new Error(`The import is ${take.kind}`);
  return take.row;
}

/** Runs with the clock moved forward by this many hours. */
async function hoursLater<T>(hours: number, run: () => Promise<T>): Promise<T> {
  const at = new Date(now().getTime() + hours * 3_600_000);
  const restore = useClock({ now: () => at });
  return run().finally(restore);
}

describe('moving an import', () => {
  test('is allowed only to the last attempt', async () => {
    const { _id: id } = await fixture.anImport(await fixture.aList(), csv);
    const first = await taken(id);
    const second = await taken(id);
    const at = { row: 1, byte: 15 };
    expect(await fixture.imports.advance(first, at, counted)).toBeUndefined();
    expect(await fixture.imports.finish(first)).toBe(false);
    expect(await fixture.imports.fail(first, 'file_lost')).toBe(false);
    const moved = await fixture.imports.advance(second, at, counted);
    expect(moved).toMatchObject({ at, counts: counted });
    expect(await fixture.row(id)).toMatchObject({ state: 'running', at, counts: counted });
  });

  test('counts a step once, even if it is written again', async () => {
    const { _id: id } = await fixture.anImport(await fixture.aList(), csv);
    const row = await taken(id);
    expect(await fixture.imports.advance(row, { row: 1, byte: 15 }, counted)).toBeDefined();
    expect(await fixture.imports.advance(row, { row: 1, byte: 15 }, counted)).toBeUndefined();
    expect((await fixture.row(id)).counts).toEqual(counted);
  });

  test('belongs to one account', async () => {
    const { _id: id } = await fixture.anImport(await fixture.aList(), csv);
    expect(await fixture.imports.take(ACCOUNT + 1, id)).toEqual({ kind: 'missing' });
    expect(await fixture.imports.find(ACCOUNT + 1, id)).toBe('foreign');
  });
});

describe('accepting an upload', () => {
  test('again under the same claim returns the import of the lost response', async () => {
    const list = await fixture.aList();
    const { file } = await fixture.anImport(list, csv);
    if (file === null) throw new Error('An import without a file');
    const accept = async () => {
      const upload = await fixture.imports.openUpload(ACCOUNT, list, fixture.blobs.newId());
      return fixture.imports.accept(upload, { file, dry_run: false, tags: [], origin: 'the claim' });
    };
    const first = await accept();
    expect(await accept()).toEqual(first);
  });
});

describe('the sweep', () => {
  const dueImports = async () => (await fixture.imports.due(now()).toArray()).map(({ _id }) => _id);

  test('checks an import until it is finished and cleaned up', async () => {
    const { _id: id } = await fixture.anImport(await fixture.aList(), csv);
    expect(await dueImports()).toContain(id);
    const row = await taken(id);
    expect(await dueImports()).not.toContain(id);
    expect(await hoursLater(1, dueImports)).toContain(id);
    await fixture.imports.finish(row);
    expect(await hoursLater(1, dueImports)).toContain(id);
    await fixture.imports.recordCleanedUp(row);
    await fixture.imports.sweepAgain(id, now());
    expect(await hoursLater(1, dueImports)).not.toContain(id);
  });

  test('deletes an upload that broke off with its process', async () => {
    const list = await fixture.aList();
    const { _id: id, blob } = await fixture.imports.openUpload(ACCOUNT, list, fixture.blobs.newId());
    const blocks = fixture.store.db.collection('blobs.chunks');
    await blocks.insertOne({ files_id: blob, n: 0, data: Buffer.from('half a file') });
    const { importNextRows } = fixture.activities();
    await importNextRows({ account: ACCOUNT, import: id });
    expect(await blocks.countDocuments({ files_id: blob })).toBe(1);
    expect(await hoursLater(5, dueImports)).not.toContain(id);
    expect(await hoursLater(7, dueImports)).toContain(id);
    await hoursLater(7, () => importNextRows({ account: ACCOUNT, import: id }));
    expect(await blocks.countDocuments({ files_id: blob })).toBe(0);
    expect(await fixture.store.db.collection<{ _id: number }>('imports').findOne({ _id: id })).toBeNull();
  });
});
