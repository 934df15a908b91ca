import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpacked } from '../../../web/decoding/unpack.js';

const LIMIT = 10_000;
const feed = Buffer.from('<rss>ä</rss>');
const textOf = (body: Buffer, encoding: string | null) => {
  const content = unpacked(body, encoding, LIMIT);
  return content.kind === 'bytes' ? content.bytes.toString() : content.why;
};

test.each([
  ['gzip, named', gzipSync(feed), 'gzip'],
  ['gzip, named by its old name', gzipSync(feed), 'X-GZip'],
  ['gzip, not named', gzipSync(feed), null],
  ['gzip, named as identity', gzipSync(feed), 'identity'],
  ['deflate', deflateSync(feed), 'deflate'],
  ['deflate without its envelope', deflateRawSync(feed), 'deflate'],
  ['brotli', brotliCompressSync(feed), 'br'],
  ['two layers', gzipSync(deflateSync(feed)), 'deflate, gzip'],
  ['a name without a compression', feed, 'gzip'],
  ['a deflate without a compression', feed, 'deflate'],
  ['a character set in the wrong header', feed, 'utf-8'],
  ['two members', Buffer.concat([gzipSync(feed.subarray(0, 5)), gzipSync(feed.subarray(5))]), 'gzip'],
])('%s is unpacked', (_name, body, encoding) => {
  expect(textOf(body, encoding)).toBe(feed.toString());
});

const zeros = Buffer.alloc(50 * LIMIT);
test.each([
  ['gzip that grows', gzipSync(zeros), 'gzip', 'too large'],
  ['gzip that grows and is not named', gzipSync(zeros), null, 'too large'],
  ['brotli that grows', brotliCompressSync(zeros), 'br', 'too large'],
  ['deflate that grows', deflateSync(zeros), 'deflate', 'too large'],
  ['gzip in gzip that grows', gzipSync(gzipSync(zeros)), 'gzip', 'too large'],
  ['many layers', gzipSync(feed), 'gzip, gzip, gzip', 'unknown compression'],
  ['an unknown layer', feed, 'zstd', 'unknown compression'],
  ['half an answer', gzipSync(feed).subarray(0, 20), 'gzip', 'broken compression'],
  ['noise', Buffer.from('00112233', 'hex'), 'br', 'broken compression'],
])('%s is refused', (_name, body, encoding, why) => {
  expect(textOf(body, encoding)).toBe(why);
});
