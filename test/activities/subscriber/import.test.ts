import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT, type ImportFixture, importFixture } from '../../support/activities/import-fixture.js';

let fixture: ImportFixture;

beforeAll(async () => {
  fixture = await importFixture();
});
afterAll(() => fixture.close());

/** Runs an import to its end, as its workflow does. */
async function run(id: number, activities = fixture.activities()) {
  for (;;) {
    const pass = await activities.importNextRows({ account: ACCOUNT, import: id });
    if (pass.kind !== 'more') return pass;
  }
}

const none = { created: 0, updated: 0, unchanged: 0, invalid: 0 };

describe('an import', () => {
  test('creates, updates or keeps people, and reports the rows that it cannot read', async () => {
    const list = await fixture.aList();
    const first = await fixture.anImport(list, 'E-Mail,Vorname,City\nann@a.test,Ann,Rome\nbob@a.test,Bob,\n');
    expect(await run(first._id)).toEqual({ kind: 'done', rows: 2 });
    const second = await fixture.anImport(
      list,
      'E-Mail,Vorname,City\nANN@a.test,Ann,Rome\nbob@a.test,,Oslo\ncleo@a.test,Cleo,Bern\n=1+1,Eve,\n,Nobody,\n',
      { tags: ['spring'] },
    );
    expect((await run(second._id)).kind).toBe('done');
    expect((await fixture.row(second._id)).counts).toMatchObject({ created: 1, updated: 2, unchanged: 0, invalid: 2 });
    expect(await fixture.people(list)).toMatchObject([
      { email: 'ann@a.test', first_name: 'Ann', tags: ['spring'], source: `import:${first._id}` },
      { email: 'bob@a.test', first_name: 'Bob', attributes: { city: 'Oslo' }, tags: ['spring'] },
      { email: 'cleo@a.test', first_name: 'Cleo', attributes: { city: 'Bern' }, tags: ['spring'] },
    ]);
    expect(await fixture.errorsOf(second._id)).toEqual([
      { row: 5, column: 'E-Mail', reason: 'invalid_email', value: '=1+1' },
      { row: 6, column: 'E-Mail', reason: 'missing_email', value: '' },
    ]);
  });

  test('numbers the rows of a table below a title as a spreadsheet does', async () => {
    const list = await fixture.aList();
    const { _id: id } = await fixture.anImport(list, 'Contacts\n\nE-Mail,City\nAnn <ann@a.test>,Rome\nbad,Oslo\n');
    expect((await run(id)).kind).toBe('done');
    expect(await fixture.people(list)).toMatchObject([{ email: 'ann@a.test', first_name: 'Ann' }]);
    expect(await fixture.errorsOf(id)).toEqual([{ row: 5, column: 'E-Mail', reason: 'invalid_email', value: 'bad' }]);
  });

  test('reactivates no person and changes no status', async () => {
    const list = await fixture.aList();
    const before = await fixture.anImport(list, 'email\nu@a.test\nb@a.test\nc@a.test\n');
    await run(before._id);
    const rows = fixture.store.db.collection('subscribers');
    for (const [key, status] of Object.entries({ u: 'unsubscribed', b: 'bounced', c: 'complained' })) {
      await rows.updateOne({ list_id: list, email_key: `${key}@a.test` }, { $set: { status } });
    }
    const again = await fixture.anImport(list, 'email,first_name\nu@a.test,U\nb@a.test,B\nc@a.test,C\n');
    await run(again._id);
    expect((await fixture.row(again._id)).counts).toMatchObject({ ...none, updated: 3 });
    expect((await fixture.people(list)).map(({ status }) => status)).toEqual(['bounced', 'complained', 'unsubscribed']);
  });

  test('applies the later of two rows for one address, in one chunk and across chunks', async () => {
    const csv = 'email,first_name\na@a.test,One\nb@a.test,B\nA@a.test,Two\na@a.test,Two\na@a.test,Three\n';
    for (const rows of [1, 2, 1_000]) {
      const list = await fixture.aList();
      const { _id: id } = await fixture.anImport(list, csv);
      await run(id, fixture.activities({ chunk: { rows, bytes: 1_000 } }));
      expect((await fixture.row(id)).counts).toMatchObject({ created: 2, updated: 2, unchanged: 1, invalid: 0 });
      expect((await fixture.people(list)).map(({ first_name }) => first_name)).toEqual(['Three', 'B']);
    }
  });

  test('in a dry run counts the same and changes nothing', async () => {
    const list = await fixture.aList();
    await run((await fixture.anImport(list, 'email,first_name\nold@a.test,Old\n'))._id);
    const before = await fixture.people(list);
    const csv = 'email,first_name\nold@a.test,New\nn@a.test,N\nn@a.test,M\nold@a.test,New\nx\n';
    const { _id: id } = await fixture.anImport(list, csv, { dry_run: true });
    await run(id, fixture.activities({ chunk: { rows: 1, bytes: 1_000 } }));
    expect((await fixture.row(id)).counts).toMatchObject({ created: 1, updated: 2, unchanged: 1, invalid: 1 });
    expect(await fixture.people(list)).toEqual(before);
    expect(await fixture.store.db.collection('import_dry_runs').countDocuments()).toBe(0);
  });

  test('reads windows-1252', async () => {
    const list = await fixture.aList();
    const csv = Buffer.from('email;Vorname\njoerg@a.test;J\xf6rg \x80\nfrance@a.test;Fran\xe7oise\n', 'latin1');
    const { _id: id } = await fixture.anImport(list, csv, { encoding: 'windows-1252' });
    await run(id, fixture.activities({ chunk: { rows: 1, bytes: 1_000 } }));
    expect((await fixture.people(list)).map(({ first_name }) => first_name)).toEqual(['Françoise', 'Jörg €']);
  });

  test.each([
    ['unclosed_quote', '"B\nc@a.test,C\n', {}],
    ['row_too_long', `"${'B\n'.repeat(200_000)}"\nc@a.test,C\n`, {}],
    ['unclosed_quote', '"B\nc@a.test,C\n', { chunk: { rows: 1, bytes: 1_000 } }],
  ])('keeps the rows before %s, and names the row', async (reason, rest, limits) => {
    const list = await fixture.aList();
    const { _id: id } = await fixture.anImport(list, `email,first_name\na@a.test,A\nb@a.test,${rest}`);
    expect((await run(id, fixture.activities(limits))).kind).toBe('failed');
    const counts = { created: 1, invalid: 1 };
    expect(await fixture.row(id)).toMatchObject({ state: 'failed', reason, counts, at: { row: 2 } });
    expect(await fixture.errorsOf(id)).toMatchObject([
      { row: 3, reason, value: expect.stringMatching(/^b@a.test,"B/) },
    ]);
  });

  test('a bad byte costs one row, in a file that is UTF-8 otherwise', async () => {
    const list = await fixture.aList();
    const bad = Buffer.from([0x4a, 0xf6, 0x72, 0x67]);
    const csv = [Buffer.from('email,first_name\nz@a.test,Zoë\nj@a.test,'), bad, Buffer.from('\ng@a.test,Gül\n')];
    const { _id: id, file } = await fixture.anImport(list, Buffer.concat(csv));
    await run(id);
    expect(file?.encoding).toBe('utf-8');
    expect((await fixture.people(list)).map(({ first_name }) => first_name)).toEqual(['Gül', 'Zoë']);
    expect(await fixture.errorsOf(id)).toEqual([
      { row: 3, column: 'first_name', reason: 'bad_encoding', value: 'J\ufffdrg' },
    ]);
  });

  test('imports the status of each row, and counts them', async () => {
    const list = await fixture.aList();
    const csv =
      'email,status,unsubscribed_at\na@a.test,subscribed,\nb@a.test,Opted-Out,2025-01-02\nc@a.test,cleaned,\nd@a.test,on hold,\ne@a.test,,\n';
    const { _id: id } = await fixture.anImport(list, csv);
    await run(id);
    expect((await fixture.row(id)).counts).toMatchObject({
      created: 4,
      invalid: 1,
      statuses: { active: 2, unsubscribed: 1, bounced: 1 },
    });
    expect(await fixture.people(list)).toMatchObject([
      { status: 'active', unsubscribed_at: null },
      { status: 'unsubscribed', unsubscribed_at: new Date('2025-01-02') },
      { status: 'bounced' },
      { status: 'active' },
    ]);
    expect(await fixture.errorsOf(id)).toEqual([
      { row: 5, column: 'status', reason: 'unknown_status', value: 'on hold' },
    ]);
  });

  test('a person leaves a list by a file, and never comes back by one', async () => {
    const list = await fixture.aList();
    await run((await fixture.anImport(list, 'email\na@a.test\nb@a.test\n'))._id);
    for (const rows of [1, 1_000]) {
      const csv = 'email,subscribed\na@a.test,no\nb@a.test,yes\na@a.test,yes\n';
      const { _id: id } = await fixture.anImport(list, csv);
      await run(id, fixture.activities({ chunk: { rows, bytes: 1_000 } }));
      expect(await fixture.people(list)).toMatchObject([
        { status: 'unsubscribed', unsubscribed_at: expect.any(Date) },
        { status: 'active', unsubscribed_at: null },
      ]);
    }
  });

  test('waits for an earlier import of the same list', async () => {
    const list = await fixture.aList();
    const first = await fixture.anImport(list, 'email\na@a.test\n');
    const second = await fixture.anImport(list, 'email\na@a.test\n');
    const { importNextRows } = fixture.activities();
    expect(await importNextRows({ account: ACCOUNT, import: second._id })).toEqual({ kind: 'busy', rows: 0 });
    await run(first._id);
    expect((await run(second._id)).kind).toBe('done');
    expect((await fixture.row(second._id)).counts).toMatchObject({ ...none, unchanged: 1 });
  });

  test('ends when its list is deleted, and leaves no subscriber on it', async () => {
    const list = await fixture.aList();
    const { _id: id } = await fixture.anImport(list, 'email\na@a.test\n');
    await fixture.store.db.collection<{ _id: number }>('lists').deleteOne({ _id: list });
    expect((await run(id)).kind).toBe('failed');
    expect(await fixture.people(list)).toEqual([]);
  });

  test('deletes the file when it is finished', async () => {
    const list = await fixture.aList();
    const { _id: id, blob } = await fixture.anImport(list, 'email\na@a.test\n');
    await run(id);
    expect(await fixture.blobs.read(ACCOUNT, blob)).toBeUndefined();
    expect(await fixture.row(id)).toMatchObject({ state: 'done', sweep_at: null, token: null });
  });
});
