import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvPiece, chunksOf } from '../../../activities/subscriber/csv-chunks.js';
import { DELIMITERS } from '../../../domain/import/delimiter.js';
import type { ImportPosition } from '../../../store/imports/row.js';

const START: ImportPosition = { row: 0, byte: 0 };
const commas = { delimiter: ',' } as const;

/** Cells are bytes until their encoding is applied. */
const utf8Of = (cell: string) => Buffer.from(cell, 'latin1').toString();

function blocksOf(bytes: Buffer, size: number, from: number): Readable {
  const rest = bytes.subarray(from);
  const blocks = Array.from({ length: Math.ceil(rest.length / size) }, (_, n) =>
    rest.subarray(n * size, (n + 1) * size),
  );
  return Readable.from(blocks);
}

async function piecesOf(
  source: Readable,
  file: Parameters<typeof chunksOf>[1],
  from = START,
  limits = { rows: 3, bytes: 60 },
) {
  const pieces: CsvPiece[] = [];
  for await (const piece of chunksOf(source, file, from, limits)) pieces.push(piece);
  return pieces;
}

const cell = fc.string({
  unit: fc.constantFrom('a', 'ü', '😀', '"', ',', ';', '\t', '|', '\n', '\r', ' '),
  maxLength: 12,
});
const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 12 });
const filled = rows.map((all) => all.map(([first, ...rest]) => [`x${first}`, ...rest]));

describe('a file in chunks', () => {
  test('is the same for any blocks, and from each chunk on', async () => {
    const lineEnds = fc.constantFrom('\n', '\r\n');
    await fc.assert(
      fc.asyncProperty(
        filled,
        fc.constantFrom(...DELIMITERS),
        lineEnds,
        fc.integer({ min: 1, max: 64 }),
        async (all, delimiter, end, size) => {
          const bytes = Buffer.from(stringify(all, { delimiter, record_delimiter: end, quoted: true }));
          const file = { delimiter } as const;
          const pieces = await piecesOf(blocksOf(bytes, size, 0), file);
          const read = pieces.flatMap((piece) => (piece.kind === 'chunk' ? piece.rows : []));
          expect(read.map((row) => row.map(utf8Of))).toEqual(all);
          for (const [index, piece] of pieces.entries()) {
            if (piece.kind !== 'chunk') throw new Error(piece.reason);
            const rest = await piecesOf(blocksOf(bytes, size, piece.end.byte), file, piece.end);
            expect(rest).toEqual(pieces.slice(index + 1));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('does not count blank rows and takes rows of any length', async () => {
    const bytes = Buffer.from('a@a.test,A\n\n,,\r\nb@a.test\n  \nc@a.test,C,too,much');
    const [chunk] = await piecesOf(blocksOf(bytes, 7, 0), commas, START, { rows: 10, bytes: 1_000 });
    expect(chunk).toEqual({
      kind: 'chunk',
      rows: [['a@a.test', 'A'], ['b@a.test'], ['c@a.test', 'C', 'too', 'much']],
      end: { row: 3, byte: bytes.length },
    });
  });

  test.each([
    ['unclosed_quote', 'a@a.test,A\nb@a.test,"B\nc@a.test,C\n'],
    ['row_too_long', `a@a.test,A\nb@a.test,"${'B\n'.repeat(200_000)}"\nc@a.test,C\n`],
  ])('keeps the rows before %s, and names the row by its beginning', async (reason, text) => {
    const pieces = await piecesOf(blocksOf(Buffer.from(text), 65_536, 0), commas);
    expect(pieces).toEqual([
      { kind: 'chunk', rows: [['a@a.test', 'A']], end: { row: 1, byte: 11 } },
      { kind: 'broken', reason, start: text.slice(11, 71) },
    ]);
  });

  test('holds few rows at a time if they are long', async () => {
    const row = `a@a.test,${'x'.repeat(50)}\n`;
    const pieces = await piecesOf(blocksOf(Buffer.from(row.repeat(9)), 1_000, 0), commas, START, {
      rows: 1_000,
      bytes: 120,
    });
    expect(pieces.map((piece) => (piece.kind === 'chunk' ? piece.rows.length : 0))).toEqual([2, 2, 2, 2, 1]);
  });
});
