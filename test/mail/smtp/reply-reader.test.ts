import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Reply, replyReader, textOf } from '../../../mail/smtp/reply-reader.js';
import { growth, ONE_PASS } from '../../support/growth.js';

type Read = Reply | 'violation';

/** All replies of a stream that arrives in the given chunks, until the first violation. */
function read(chunks: readonly Buffer[]): readonly Read[] {
  const reader = replyReader();
  const all: Read[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== 'more'; next = reader.next()) {
      all.push(next);
      if (next === 'violation') return all;
    }
  }
  return all;
}

function cutAt(stream: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.map((place) => place % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  return cuts.slice(1).map((to, i) => stream.subarray(cuts[i], to));
}

const code = fc.integer({ min: 200, max: 599 });
const words = fc.string({ unit: fc.constantFrom('a', ' ', '-', '2', '5.1.1', 'é', '@', '<'), maxLength: 20 });
const lineEnd = fc.constantFrom('\r\n', '\n');
const aReply = fc.tuple(code, fc.array(words, { minLength: 1, maxLength: 5 }), lineEnd).map(([number, lines, end]) => ({
  expected: { code: number, lines: lines.map((line) => Buffer.from(line).toString('latin1')) },
  wire: lines.map((line, i) => `${number}${i === lines.length - 1 ? ' ' : '-'}${line}${end}`).join(''),
}));
const fragment = fc.constantFrom(
  '250',
  '2',
  '5',
  ' ',
  '-',
  'x',
  '\r',
  '\n',
  '\r\n',
  '250 ok\r\n',
  '250-a\r\n',
  '\0',
  '199 a\r\n',
);
/** Lines about as long as the longest that is taken, with the ends that they may have. */
const longLine = fc
  .tuple(fc.integer({ min: 2_040, max: 2_056 }), lineEnd)
  .map(([length, end]) => `${'250 '.padEnd(length, 'x')}${end}250 next\r\n`);

describe('replies', () => {
  test('are read as they were written, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(aReply, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (replies, places) => {
        const stream = Buffer.from(replies.map(({ wire }) => wire).join(''));
        expect(read(cutAt(stream, places))).toEqual(replies.map(({ expected }) => expected));
      }),
    );
  });

  test('any bytes give the same replies, however they are cut', () => {
    const anyBytes = fc.oneof(
      fc
        .array(
          fc.oneof(
            aReply.map(({ wire }) => wire),
            fragment,
          ),
          { maxLength: 12 },
        )
        .map((all) => all.join('')),
      longLine,
    );
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        const stream = Buffer.from(text);
        const whole = read([stream]);
        expect(read(cutAt(stream, places))).toEqual(whole);
        expect(read([...stream].map((byte) => Buffer.of(byte)))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a line without an end', () => Buffer.alloc(1_000_000, 'x')],
    ['a first line without an end', () => Buffer.from(`250 ${'x'.repeat(1_000_000)}`)],
    ['lines without an end of the reply', () => Buffer.from('250-x\r\n'.repeat(150_000))],
    ['long lines without an end of the reply', () => Buffer.from(`250-${'x'.repeat(2_000)}\r\n`.repeat(500))],
    ['empty lines', () => Buffer.from('\r\n'.repeat(500_000))],
    ['another code in the same reply', () => Buffer.from('250-a\r\n550 b\r\n')],
    ['no code', () => Buffer.from('hello\r\n')],
    ['a code that no reply has', () => Buffer.from('199 a\r\n')],
  ])('%s: a violation within 100,000 bytes, in chunks of any size', (_, stream) => {
    const bytes = stream();
    for (const size of [1, 7, 1_460, 65_536, bytes.length]) {
      const reader = replyReader();
      let at = 0;
      let next: ReturnType<typeof reader.next> = 'more';
      while (next === 'more' && at < bytes.length) {
        reader.push(bytes.subarray(at, at + size));
        at += size;
        next = reader.next();
      }
      expect(next).toBe('violation');
      expect(at).toBeLessThanOrEqual(Math.max(size, 100_000));
    }
  });

  test('a chunk of many replies is read in linear time', async () => {
    const readAll = (count: number) =>
      expect(read([Buffer.from('250 2.0.0 ok\r\n'.repeat(count))])).toHaveLength(count);
    expect(await growth(readAll, 200_000, 800_000)).toBeLessThan(ONE_PASS);
  });

  test('the longest reply has 32 KiB; a text of it is UTF-8 where it is valid', () => {
    const lines = `250-${'x'.repeat(1_000)}\r\n`.repeat(31);
    expect(read([Buffer.from(`${lines}250 end\r\n`)])).toMatchObject([{ code: 250 }]);
    expect(read([Buffer.from(`${lines}${lines}250 end\r\n`)])).toEqual(['violation']);
    expect(textOf({ code: 250, lines: [Buffer.from('grüß').toString('latin1'), 'b'] })).toBe('grüß b');
    expect(textOf({ code: 250, lines: Array.from({ length: 30 }, () => 'x'.repeat(1_000)) })).toHaveLength(2_000);
  });
});
