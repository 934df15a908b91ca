import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscriberImportActivities } from '../../../../activities/subscriber/import.js';
import { SUBSCRIBER_STATUSES, tooLarge } from '../../../../domain/subscriber/subscriber.js';
import { newRow, type Subscriber } from '../../../../store/subscribers/row.js';
import { aList, anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const risky = fc.string({
  unit: fc.constantFrom("'", '=', '+', '@', '-', ' ', ',', ';', '"', '\\', 'x', 'ü', '\u0085'),
});
const line = fc
  .oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), risky)
  .map((text) => text.replace(/(?![\x80-\x9f])\p{Cc}/gu, '').slice(0, 60));
const name = fc.option(line);
const attribute = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  risky,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const attributeName = fc.stringMatching(/^[A-Za-z_äé][A-Za-z0-9_ -]{0,10}$/);
const second = fc.integer({ min: 0, max: 1_900_000_000 }).map((seconds) => new Date(seconds * 1_000));
const person = fc.record({
  first_name: name,
  last_name: name,
  status: fc.constantFrom(...SUBSCRIBER_STATUSES),
  tags: fc.uniqueArray(
    line.filter((tag) => tag !== ''),
    { maxLength: 5 },
  ),
  attributes: fc.dictionary(attributeName, attribute, { maxKeys: 5, noNullPrototype: true }),
  subscribed_at: second,
  unsubscribed_at: fc.option(second),
});

const viewsOf = async (list: number) => {
  const { data } = (await api.call(`GET /api/v1/subscribers?list_id=${list}&per_page=100`)).json();
  const views = (data as Record<string, unknown>[]).map(
    ({ id: _id, list_id: _list, source: _source, ...view }) => view,
  );
  return views.sort((one, other) => String(one['email']).localeCompare(String(other['email'])));
};

async function runImport(id: number): Promise<void> {
  const { importNextRows } = subscriberImportActivities({
    ...api.deps,
    activityContext: () => ({ cancelled: new AbortController().signal, heartbeat: () => undefined }),
    stopping: new AbortController().signal,
  });
  while ((await importNextRows({ account: api.account, import: id })).kind === 'more');
}

test('what is exported is imported as it was, for every subscriber', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(person, { minLength: 1, maxLength: 40 }), async (people) => {
      const [from, to] = [await aList(api), await aList(api)];
      const rows = people
        .filter((one) => tooLarge(one) === undefined)
        .map((one, at): Subscriber => {
          const email = `${"='+x-"[at % 5]}${at}@a.test`;
          const row = newRow(
            { account: api.account, list: from, source: 'api' },
            { email, email_key: email },
            from * 1_000 + at,
          );
          return { ...row, ...one };
        });
      await api.store.db.collection<Subscriber>('subscribers').insertMany(rows);
      const file = await api.call(`GET /api/v1/subscribers/export?list_id=${from}`);
      const { data } = (
        await api.call(`POST /api/v1/lists/${to}/imports`, {
          payload: file.body,
          headers: { 'content-type': 'text/csv' },
        })
      ).json();
      expect(data).toMatchObject({ format: 'everpost', encoding: 'utf-8', delimiter: ',' });
      await runImport(data.id);
      expect((await api.call(`GET /api/v1/imports/${data.id}`)).json().data).toMatchObject({
        created: rows.length,
        invalid: 0,
      });
      expect(await viewsOf(to)).toEqual(await viewsOf(from));
    }),
    { numRuns: 25 },
  );
});
