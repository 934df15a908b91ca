import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const post = (payload: Buffer, encoding: string) =>
  api.call('POST /api/v1/lists', {
    payload,
    headers: { 'content-type': 'application/json', 'content-encoding': encoding },
  });
const body = (name: string) => Buffer.from(JSON.stringify({ name }));

test.each([
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['identity', (plain: Buffer) => plain],
] as const)('a body in %s is read', async (encoding, pack) => {
  const answer = await post(pack(body('Grüße')), encoding);
  expect([answer.statusCode, answer.json().data?.name]).toEqual([201, 'Grüße']);
});

test.each(['zstd', 'gzip, br', 'compress'])('the encoding %s is refused by its name', async (encoding) => {
  const answer = await post(gzipSync(body('x')), encoding);
  expect([answer.statusCode, answer.json().error.code]).toEqual([415, 'unsupported_media_type']);
  expect(answer.json().error.message).toContain(`"${encoding}"`);
});

test('a body that is not what its encoding says is malformed, not unread', async () => {
  for (const bytes of [body('x'), gzipSync(body('x')).subarray(0, 20)]) {
    const answer = await post(bytes, 'gzip');
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, 'The body is not valid gzip.']);
  }
});

test('a packed body that does not name its encoding is told to', async () => {
  const headers = { 'content-type': 'application/json' };
  const answer = await api.call('POST /api/v1/lists', { payload: gzipSync(body('x')), headers });
  expect([answer.statusCode, answer.json().error.message]).toEqual([
    415,
    'The body is compressed: name it in the header Content-Encoding: gzip.',
  ]);
});

test('a small body that unpacks to more than the route accepts is refused', async () => {
  const answer = await post(gzipSync(Buffer.alloc(50_000_000, 0x20)), 'gzip');
  expect([answer.statusCode, answer.json().error.code]).toEqual([413, 'payload_too_large']);
});
