import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { aTemplate } from '../../../support/api/templates.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const call = async (route: string, payload?: object) => {
  const answer = await api.call(route, payload === undefined ? {} : { payload });
  return { status: answer.statusCode, ...answer.json() };
};
const saying = (html: string) => ({ contents: { en: { html } } });

test('published versions never change; a rollback publishes an earlier version as a new one', async () => {
  const { id } = await aTemplate(api, saying('one'));
  const at = `/api/v1/templates/${id}`;
  const publish = () => call(`POST ${at}/publish`, {});
  expect((await publish()).data).toMatchObject({ published_version: 1, has_unpublished_changes: false });
  await call(`PATCH ${at}`, saying('two'));
  expect((await call(`GET ${at}`)).data).toMatchObject({ published_version: 1, has_unpublished_changes: true });
  expect((await call(`GET ${at}/versions/1`)).data.contents.en.html).toBe('one');
  await publish();
  await call(`PATCH ${at}`, saying('three'));

  const back = (await call(`POST ${at}/rollback`, { version: 1 })).data;
  expect(back).toMatchObject({
    published_version: 3,
    has_unpublished_changes: true,
    contents: { en: { html: 'three' } },
  });
  expect((await call(`GET ${at}/versions/3`)).data.contents.en.html).toBe('one');
  expect((await call(`GET ${at}/versions`)).data).toMatchObject([
    { version: 3, copy_of: 1, is_current: true },
    { version: 2, copy_of: null, is_current: false },
    { version: 1, copy_of: null, is_current: false },
  ]);
  const page = await call(`GET ${at}/versions?limit=2`);
  expect([page.data.length, page.meta.next]).toEqual([2, 2]);
  expect((await call(`GET ${at}/versions?limit=2&after=2`)).data).toMatchObject([{ version: 1 }]);
  expect((await publish()).data).toMatchObject({ published_version: 4, has_unpublished_changes: false });
});

test('publishing the same draft twice publishes it once, also concurrently', async () => {
  const { id } = await aTemplate(api);
  const answers = await Promise.all([1, 2, 3].map(() => call(`POST /api/v1/templates/${id}/publish`, {})));
  expect(answers.map(({ data }) => data.published_version)).toEqual([1, 1, 1]);
  expect((await call(`GET /api/v1/templates/${id}/versions`)).data).toHaveLength(1);
});

test('a change during publishing leaves version and draft consistent', async () => {
  const { id } = await aTemplate(api, saying('before'));
  const [published] = await Promise.all([
    call(`POST /api/v1/templates/${id}/publish`, {}),
    call(`PATCH /api/v1/templates/${id}`, saying('after')),
  ]);
  const version = (await call(`GET /api/v1/templates/${id}/versions/1`)).data.contents.en.html;
  const row = (await call(`GET /api/v1/templates/${id}`)).data;
  expect(published.status).toBe(200);
  expect(row.contents.en.html).toBe('after');
  expect(row.has_unpublished_changes).toBe(version === 'before');
});

test('an unknown version is refused; a copy is a separate draft', async () => {
  const { id } = await aTemplate(api, { name: 'Original', identifier: 'original' }, true);
  expect((await call(`POST /api/v1/templates/${id}/rollback`, { version: 9 })).error.errors).toHaveProperty('version');
  expect((await call(`GET /api/v1/templates/${id}/versions/9`)).status).toBe(404);
  const copy = await call(`POST /api/v1/templates/${id}/copy`, {});
  expect([copy.status, copy.data]).toMatchObject([
    201,
    { name: 'Copy of Original', identifier: null, is_system: false, published_version: null },
  ]);
  expect(copy.data.id).not.toBe(id);
});
