import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../support/api/api.js';

interface Body {
  readonly example?: object;
  readonly examples?: Readonly<Record<string, { readonly value: object }>>;
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Body>> };
}

let api: TestApi;
let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
beforeAll(async () => {
  api = await anApi();
  paths = (await api.call('GET /openapi.json', { key: null })).json().paths;
});
afterAll(() => api.close());

/** Sends the request that `/docs` fills in at "Try it out". */
function exampleOf(method: string, path: string): object {
  const body = paths[path]?.[method]?.requestBody?.content['application/json'];
  expect(body, `${method} ${path} is documented`).toBeDefined();
  return body?.example ?? Object.values(body?.examples ?? {})[0]?.value ?? {};
}

async function tryOut(key: string, route: string, id?: number, changed: object = {}) {
  const [method = '', path = ''] = route.split(' ');
  const payload = { ...exampleOf(method.toLowerCase(), path), ...changed };
  const answer = await api.call(route.replace('{id}', String(id)), { key, payload });
  expect([route, answer.json().error]).toEqual([route, undefined]);
  return answer.json().data;
}

test('the examples of /docs, sent unchanged, create a list, a key, a campaign and a client, and rotate a key', async () => {
  expect(await tryOut(api.key, 'POST /api/v1/lists')).toMatchObject({ id: 1 });
  expect((await tryOut(api.key, 'POST /api/v1/keys')).key).toMatch(/^evp_/);
  const person = await tryOut(api.key, 'POST /api/v1/subscribers');
  expect(person).toMatchObject({ list_id: 1, email: 'alice@example.com' });
  expect(await tryOut(api.key, 'POST /api/v1/campaigns')).toMatchObject({ list_id: 1 });
  expect((await tryOut(api.key, 'POST /api/v1/agency/clients')).id).toBeGreaterThan(1);
  const everything = { scopes: undefined, lists: undefined, domains: undefined, expires_at: undefined };
  const own = await tryOut(api.key, 'POST /api/v1/keys', undefined, everything);
  const fresh = await tryOut(own.key, 'POST /api/v1/keys/{id}/rotate', own.id);
  const validated = await api.call(`POST /api/v1/keys/${fresh.id}/validate`, { key: fresh.key });
  expect(validated.statusCode).toBe(200);
  expect((await api.call('GET /api/v1/lists', { key: own.key })).json().error.code).toBe('key_revoked');
});
