import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SubscriberImportDeps } from '../../../activities/subscriber/import.js';
import { type ImportRows, listTarget } from '../../../store/imports/rows.js';
import { ACCOUNT, type ImportFixture, importFixture } from '../../support/activities/import-fixture.js';

let fixture: ImportFixture;

beforeAll(async () => {
  fixture = await importFixture();
});
afterAll(() => fixture.close());

class Killed extends Error {}

const chunk = { rows: 4, bytes: 1_000_000 };

async function runToTheEnd(id: number, activities = fixture.activities({ chunk })) {
  for (;;) {
    const pass = await activities.importNextRows({ account: ACCOUNT, import: id });
    if (pass.kind !== 'more') return pass;
  }
}

/** Dependencies of a process that dies before, during or after its write. */
function dying(at: KillPoint): Partial<SubscriberImportDeps> {
  const importRows: ImportRows = {
    ...fixture.importRows,
    importRows: async (rows) => {
      if (rows.from < at.row || at.moment === 'after_counting') return fixture.importRows.importRows(rows);
      if (at.moment === 'half_written') {
        await fixture.importRows.importRows({ ...rows, requests: halfThePeople(rows.requests) });
      } else {
        await fixture.importRows.importRows(rows);
      }
      throw new Killed();
    },
  };
  const imports: SubscriberImportDeps['imports'] = {
    ...fixture.imports,
    advance: async (...write) => {
      const moved = await fixture.imports.advance(...write);
      if (at.moment === 'after_counting' && write[0].at.row >= at.row) throw new Killed();
      return moved;
    },
  };
  return { importRows, imports, chunk };
}

/** Each person is one write: a kill happens between people, never between the rows of one. */
function halfThePeople<T extends { readonly email_key: string }>(requests: readonly T[]): readonly T[] {
  const people = [...new Set(requests.map(({ email_key }) => email_key))];
  const written = new Set(people.filter((_, index) => index % 2 === 0));
  return requests.filter(({ email_key }) => written.has(email_key));
}

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

interface KillPoint {
  readonly moment: 'half_written' | 'before_counting' | 'after_counting';
  readonly row: number;
}

const line = fc.record({
  who: fc.integer({ min: 0, max: 7 }),
  name: fc.constantFrom('', 'Ann', 'Bob'),
  good: fc.integer({ min: 0, max: 9 }),
});
const file = fc.array(line, { minLength: 1, maxLength: 25 }).map((lines) => {
  const cells = lines.map(({ who, name, good }) => `${good === 0 ? 'invalid' : `p${who}@a.test`},${name}`);
  return `email,first_name\n${cells.join('\n')}\n`;
});
const killPoints = fc.array(
  fc.record({
    moment: fc.constantFrom<KillPoint['moment']>('half_written', 'before_counting', 'after_counting'),
    row: fc.integer({ min: 0, max: 24 }),
  }),
  { maxLength: 5 },
);

const fieldsOf = (people: readonly Record<string, unknown>[]) =>
  people.map(({ email_key, first_name, tags }) => ({ email_key, first_name, tags }));

describe('after kills at any point', () => {
  test('a file has the same counts and the same result', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(file, file, killPoints, async (before, csv, kills) => {
        const [undisturbed, disturbed] = [await fixture.aList(), await fixture.aList()];
        for (const list of [undisturbed, disturbed]) await runToTheEnd((await fixture.anImport(list, before))._id);
        const reference = await fixture.anImport(undisturbed, csv);
        await runToTheEnd(reference._id);
        const { _id: id } = await fixture.anImport(disturbed, csv);
        for (const kill of kills) {
          await runToTheEnd(id, fixture.activities(dying(kill))).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
        }
        await runToTheEnd(id);
        const [expectedRow, actualRow] = [await fixture.row(reference._id), await fixture.row(id)];
        expect(actualRow.counts).toEqual(expectedRow.counts);
        expect(actualRow.at).toEqual(expectedRow.at);
        expect(await fixture.errorsOf(id)).toEqual(await fixture.errorsOf(reference._id));
        expect(fieldsOf(await fixture.people(disturbed))).toEqual(fieldsOf(await fixture.people(undisturbed)));
      }),
      { numRuns: 15 },
    );
  });
});

describe('an attempt that was replaced', () => {
  test('counts nothing and overwrites nothing when it continues', async () => {
    const list = await fixture.aList();
    const { _id: id } = await fixture.anImport(list, 'email,first_name\na@a.test,One\nb@a.test,B\na@a.test,Two\n');
    const suspended = gate();
    const reached = gate();
    const importRows: ImportRows = {
      ...fixture.importRows,
      importRows: async (rows) => {
        reached.open();
        await suspended.passed;
        return fixture.importRows.importRows(rows);
      },
    };
    const replaced = fixture.activities({ importRows, chunk: { rows: 2, bytes: 1_000 } });
    const late = replaced.importNextRows({ account: ACCOUNT, import: id });
    await reached.passed;
    await runToTheEnd(id, fixture.activities({ chunk: { rows: 2, bytes: 1_000 } }));
    const after = await fixture.row(id);
    const people = await fixture.people(list);
    suspended.open();
    expect((await late).kind).toBe('more');
    expect(await fixture.row(id)).toEqual(after);
    expect(await fixture.people(list)).toEqual(people);
    expect(after.counts).toMatchObject({ created: 2, updated: 1, unchanged: 0, invalid: 0, statuses: { active: 3 } });
  });

  test('does not write a person whom its successor has written', async () => {
    const list = await fixture.aList();
    await runToTheEnd((await fixture.anImport(list, 'email,first_name\na@a.test,Old\n'))._id);
    const stale = { account: ACCOUNT, list, import: 900, from: 0, dryRun: false, requests: [] };
    const late = listTarget(fixture.store, stale);
    const request = { email: 'a@a.test', email_key: 'a@a.test', first_name: 'One', row: 0 };
    const before = (await late.read(['a@a.test'])).get('a@a.test');
    await fixture.importRows.importRows({ ...stale, requests: [request] });
    await fixture.importRows.importRows({ ...stale, from: 1, requests: [{ ...request, first_name: 'Two', row: 1 }] });
    const fields = { first_name: 'One', last_name: null, attributes: {}, tags: [] };
    const written = await late.write([{ before, request, fields, stamp: { id: 900, row: 0, fates: 'u' } }]);
    expect(written).toMatchObject({ incomplete: true });
    expect(await fixture.people(list)).toMatchObject([{ first_name: 'Two' }]);
  });
});
