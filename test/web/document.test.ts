import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { WebRequest, WebResponse } from '../../web/client.js';
import { fetchDocument } from '../../web/document.js';

const NONE = { etag: null, modified: null, location: null, contentType: null, contentEncoding: null };
type Answered = Partial<WebResponse & { kind: 'answered' }>;

/** A web client that gives these answers in order, and the requests it received. */
function web(...answers: (Answered | (WebResponse & { kind: 'failed' }))[]) {
  const asked: WebRequest[] = [];
  const send = async (outgoing: WebRequest): Promise<WebResponse> => {
    asked.push(outgoing);
    const next = answers[asked.length - 1] ?? answers.at(-1);
    if (next?.kind === 'failed') return next;
    const plain = {
      kind: 'answered',
      status: 200,
      body: Buffer.from('<rss/>'),
      whole: true,
      headers: NONE,
      retryAfter: null,
      ms: 1,
    };
    return { ...plain, ...next } as WebResponse;
  };
  return { send, asked };
}

const wanted = { url: 'https://acme.example/feed', accept: 'application/xml' };

test('a document has its validators, which the next request sends', async () => {
  const one = web({ headers: { ...NONE, etag: '"a"', modified: 'Fri, 15 May 2026 09:00:00 GMT' } });
  const { url } = wanted;
  expect(await fetchDocument(one, wanted)).toMatchObject({ kind: 'document', url, text: '<rss/>', etag: '"a"' });
  const again = web({ status: 304 });
  expect(await fetchDocument(again, { ...wanted, etag: '"a"' })).toEqual({ kind: 'unchanged' });
  expect(again.asked[0]?.headers).toMatchObject({ 'if-none-match': '"a"', accept: 'application/xml' });
});

test('redirects are followed, also relative ones; each passes the same guard, and their number is limited', async () => {
  const moved = web({ status: 301, headers: { ...NONE, location: '/new' } }, {});
  expect((await fetchDocument(moved, wanted)).kind).toBe('document');
  expect(moved.asked.map(({ url }) => url)).toEqual(['https://acme.example/feed', 'https://acme.example/new']);
  const round = web({ status: 302, headers: { ...NONE, location: '/feed' } });
  expect(await fetchDocument(round, wanted)).toEqual({ kind: 'failed', why: 'too many redirects' });
  expect(round.asked).toHaveLength(4);
});

test.each([
  ['a refusal', { status: 404 }, 'status 404'],
  ['half an answer', { whole: false }, 'broken off'],
  ['a document beyond the limit', { whole: false, body: Buffer.alloc(2_000_000) }, 'too large'],
  ['a forbidden address', { kind: 'failed' as const, why: 'forbidden_address' as const, ms: 0 }, 'forbidden_address'],
])('%s is a failure with a stable reason', async (_what, answer, why) => {
  expect(await fetchDocument(web(answer), wanted)).toEqual({ kind: 'failed', why });
});

test('a document is unpacked and decoded, and has the address after its redirects', async () => {
  const body = gzipSync(Buffer.from('<rss>tr\xe8s \x805</rss>', 'latin1'));
  const headers = { ...NONE, contentType: 'text/xml; charset=windows-1252', contentEncoding: 'gzip' };
  const site = web({ status: 301, headers: { ...NONE, location: 'https://new.example/feed' } }, { body, headers });
  expect(await fetchDocument(site, wanted)).toMatchObject({
    text: '<rss>très €5</rss>',
    url: 'https://new.example/feed',
  });
  const bomb = web({ body: gzipSync(Buffer.alloc(3_000_000)) });
  expect(await fetchDocument(bomb, wanted)).toEqual({ kind: 'failed', why: 'too large' });
});
