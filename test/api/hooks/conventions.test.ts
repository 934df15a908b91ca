import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLog } from '../../../api/log.js';
import { aList, anApi, type Call, type TestApi } from '../../support/api/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
  await aList(api);
});
afterAll(() => api.close());

const json = { 'content-type': 'application/json' };

interface Refusal {
  readonly when: string;
  readonly route: string;
  readonly call?: Call;
  readonly status: number;
  readonly code: string;
  readonly errors?: Record<string, string[]>;
}

const REFUSALS: readonly Refusal[] = [
  {
    when: 'the body is not JSON',
    route: 'POST /api/v1/lists',
    call: { payload: '{"name":', headers: json },
    status: 400,
    code: 'malformed_json',
  },
  {
    when: 'the body contains __proto__',
    route: 'POST /api/v1/lists',
    call: { payload: '{"name":"x","__proto__":{}}', headers: json },
    status: 400,
    code: 'malformed_json',
  },
  { when: 'the path is not valid', route: 'GET /api/v1/lists/%zz', status: 400, code: 'malformed_path' },
  { when: 'no key is sent', route: 'GET /api/v1/lists', call: { key: null }, status: 401, code: 'unauthenticated' },
  {
    when: 'the key is unknown',
    route: 'GET /api/v1/lists',
    call: { key: `evp_${'x'.repeat(40)}` },
    status: 401,
    code: 'unauthenticated',
  },
  {
    when: 'the key has no valid form',
    route: 'GET /api/v1/lists',
    call: { key: 'short' },
    status: 401,
    code: 'unauthenticated',
  },
  { when: 'the route is unknown', route: 'GET /api/v1/nothing', status: 404, code: 'not_found' },
  { when: 'the id is unknown', route: 'GET /api/v1/lists/999999', status: 404, code: 'not_found' },
  { when: 'the id is not a number', route: 'GET /api/v1/lists/first', status: 404, code: 'not_found' },
  {
    when: 'the body is too large',
    route: 'POST /api/v1/lists',
    status: 413,
    code: 'payload_too_large',
    call: { payload: `"${'x'.repeat(6_000_000)}"`, headers: json },
  },
  { when: 'the path is too long', route: `GET /api/v1/lists/${'9'.repeat(2_000)}`, status: 414, code: 'uri_too_long' },
  {
    when: 'the body is a form',
    route: 'POST /api/v1/lists',
    call: { payload: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    when: 'the body is missing',
    route: 'POST /api/v1/subscribers',
    status: 422,
    code: 'validation_failed',
    errors: { email: ['The email field is required.'], list_id: ['The list_id field is required.'] },
  },
  {
    when: 'the body is null',
    route: 'PATCH /api/v1/account',
    call: { payload: 'null', headers: { 'content-type': 'application/json' } },
    status: 422,
    code: 'validation_failed',
    errors: { body: ['The body must be an object.'] },
  },
  {
    when: 'the body is a list',
    route: 'POST /api/v1/lists',
    call: { payload: [] },
    status: 422,
    code: 'validation_failed',
    errors: { body: ['The body must be an object.'] },
  },
  {
    when: 'fields are wrong, unknown and of another type',
    route: 'POST /api/v1/subscribers',
    call: { payload: { email: 'bad@', list_id: '1', colour: 'red', constructors: 1, tags: ['', 'ok'] } },
    status: 422,
    code: 'validation_failed',
    errors: {
      colour: ['The colour field is not known.'],
      constructors: ['The constructors field is not known.'],
      email: ['The email must be a valid email address.'],
      list_id: ['The list_id must be an integer.'],
      'tags.0': ['The tags.0 must not be empty.'],
    },
  },
  {
    when: 'the query is wrong',
    route: 'GET /api/v1/subscribers?per_page=101&status=asleep&page=x&sort=1',
    status: 422,
    code: 'validation_failed',
    errors: {
      page: ['The page must be an integer.'],
      per_page: ['The per_page must not be greater than 100.'],
      sort: ['The sort field is not known.'],
      status: ['The status must be one of active, pending, unsubscribed, bounced, complained.'],
    },
  },
  {
    when: 'the list in the body does not exist',
    route: 'POST /api/v1/subscribers',
    call: { payload: { email: 'a@example.com', list_id: 999_999 } },
    status: 422,
    code: 'validation_failed',
    errors: { list_id: ['The selected list_id is invalid.'] },
  },
  {
    when: 'a line has a line break',
    route: 'POST /api/v1/lists',
    call: { payload: { name: 'News\r\nBcc: a@b.co' } },
    status: 422,
    code: 'validation_failed',
    errors: {
      name: ['The name must be one line with a visible character, without control characters or changes of direction.'],
    },
  },
  {
    when: 'a search has a character that regular expressions must not contain',
    route: 'GET /api/v1/subscribers?search=%00',
    status: 422,
    code: 'validation_failed',
    errors: { search: ['The search must be one line without control characters.'] },
  },
  {
    when: 'a person is to be erased on one list only',
    route: 'DELETE /api/v1/subscribers/a@example.com?erase=true&list_id=1',
    status: 422,
    code: 'validation_failed',
    errors: { list_id: ['The list_id cannot be used together with erase: a person is forgotten on every list.'] },
  },
  {
    when: 'the body is not UTF-8',
    route: 'POST /api/v1/lists',
    call: { payload: Buffer.from('{"name":"M\xfcnchen"}', 'latin1'), headers: { 'content-type': 'application/json' } },
    status: 400,
    code: 'malformed_json',
  },
];

test.each(REFUSALS)('$status $code when $when', async ({ route, call, status, code, errors }) => {
  const answer = await api.call(route, call);
  expect(answer.json()).toEqual({
    error: { code, message: expect.any(String), ...(errors && { errors }) },
  });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
});

test('a wrong method on a known path gets the allowed methods', async () => {
  const answer = await api.call('PUT /api/v1/lists/1');
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toBe('DELETE, GET, HEAD, PATCH');
  expect(answer.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
});

test('a response lists at most twenty errors', async () => {
  const payload = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field_${index}`, index]));
  const answer = await api.call('POST /api/v1/lists', { payload });
  expect(Object.keys(answer.json().error.errors)).toHaveLength(20);
});

test('the log has the route of a request, not the address or the key in it', async () => {
  const written: string[] = [];
  const logged = await anApi({}, { log: openLog({ logLevel: 'info' }, { write: (line) => void written.push(line) }) });
  await logged.call(`DELETE /api/v1/subscribers/alice@example.com?api_key=${logged.key}`);
  await logged.call('POST /api/v1/lists', {
    payload: { name: 'Very private', defaults: { reply_to: 'bob@example.com' } },
  });
  await logged.close();
  expect(JSON.parse(written[0] ?? '')).toMatchObject({
    request: expect.any(String),
    method: 'DELETE',
    route: '/api/v1/subscribers/:email',
    status: 204,
  });
  expect(written.join('')).not.toMatch(/alice|bob|Very private|evp_/);
});

test('a server error reveals nothing and is logged without addresses', async () => {
  const written: string[] = [];
  const log = openLog({ logLevel: 'info' }, { write: (line) => void written.push(line) });
  const broken = await anApi({}, { log });
  broken.deps.lists.ofAccount = () => Promise.reject(new Error('E11000 dup key: alice@example.com'));
  const answer = await broken.call('GET /api/v1/lists');
  await broken.close();
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toEqual({ error: { code: 'internal_error', message: expect.any(String) } });
  expect(answer.body).not.toContain('E11000');
  expect(written.join('')).toContain('a request failed');
  expect(written.join('')).toContain('E11000 dup key: [address]');
});

describe('accepted requests', () => {
  test('a trailing slash', async () => {
    expect((await api.call('GET /api/v1/lists/')).statusCode).toBe(200);
  });

  test('the key as a query parameter, alone or with other fields', async () => {
    const answer = await api.call(`GET /api/v1/subscribers?per_page=10&api_key=${api.key}`, { key: null });
    expect(answer.statusCode).toBe(200);
  });

  test('a DELETE with the JSON media type and no body', async () => {
    const answer = await api.call('DELETE /api/v1/subscribers/nobody@example.com', { headers: json });
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');
  });

  test('an address of 254 characters in a path', async () => {
    const email = `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(59)}.example`;
    expect(email).toHaveLength(254);
    expect((await api.call(`DELETE /api/v1/subscribers/${email}`)).statusCode).toBe(204);
  });

  test('a harmless Request-Id is returned, a dangerous one is replaced', async () => {
    const kept = await api.call('GET /health', { headers: { 'request-id': 'abc-1' } });
    expect(kept.headers['request-id']).toBe('abc-1');
    const replaced = await api.call('GET /health', { headers: { 'request-id': 'a b {}' } });
    expect(replaced.headers['request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('times are UTC, whole seconds, with an offset', async () => {
    const { data } = (await api.call('GET /api/v1/lists')).json();
    expect(data[0].created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
  });
});
