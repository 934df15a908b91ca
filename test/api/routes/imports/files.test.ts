import { Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { storeUpload } from '../../../../api/routes/imports/csv-file.js';
import { aWorkbook, aZip } from '../../../support/files/zip.js';

const CSV = 'email,first_name\nann@a.test,Ännchen\n';

/** Stores a file in blocks of `size` bytes; returns what was stored. */
async function storedOf(
  file: Buffer,
  { size = 1_000, limit = 500_000_000, encoding = undefined as string | undefined } = {},
) {
  const stored: Buffer[] = [];
  let total = 0;
  const sink = new Writable({
    write: (block: Buffer, _encoding, done) => {
      if (total < 1_000_000) stored.push(block);
      total += block.length;
      done();
    },
  });
  const blocks = Array.from({ length: Math.ceil(file.length / size) }, (_, n) =>
    file.subarray(n * size, (n + 1) * size),
  );
  const upload = await storeUpload(Readable.from(blocks), sink, { name: 'a', limit, encoding });
  return { ...upload, text: Buffer.concat(stored).toString(), total };
}
const faultOf = async (file: Buffer, limit?: number) =>
  storedOf(file, limit === undefined ? {} : { limit }).then(
    () => undefined,
    ({ code, errors }) => (code === 'validation_failed' ? errors.file[0] : code),
  );

describe('a file is read', () => {
  test.each([
    ['as CSV', 'csv', Buffer.from(CSV)],
    ['compressed with gzip', 'gzip', gzipSync(CSV)],
    ['as two members of gzip', 'gzip', Buffer.concat([gzipSync(CSV.slice(0, 9)), gzipSync(CSV.slice(9))])],
    [
      'as the only CSV file of an archive',
      'zip',
      aZip({ 'a/': '', '__MACOSX/._people.csv': 'x', 'a/people.csv': CSV }),
    ],
    ['as UTF-16 in gzip', 'gzip', gzipSync(Buffer.from(`\ufeff${CSV}`, 'utf16le'))],
  ])('%s', async (_name, container, file) => {
    for (const size of [1, 7, 100_000]) expect(await storedOf(file, { size })).toMatchObject({ container, text: CSV });
  });

  test('as a workbook: its first visible sheet, with dates, numbers, formulas and gaps', async () => {
    const cell = (at: string, inner: string, rest = '') => `<c r="${at}"${rest}>${inner}</c>`;
    const header = ['E-Mail', 'Name', 'Born', 'Phone', 'Paid', 'Note'].map((text, n) =>
      cell(`${'ABCDEF'[n]}1`, `<is><t>${text}</t></is>`, ' t="inlineStr"'),
    );
    const rows = [
      `<row r="1">${header.join('')}</row>`,
      `<row r="2">${cell('A2', '<v>0</v>', ' t="s"')}${cell('B2', '<v>1</v>', ' t="s"')}${cell('C2', '<v>45000</v>', ' s="1"')}${cell('D2', '<v>4.91701234567E11</v>')}${cell('E2', '<v>1</v>', ' t="b"')}</row>`,
      `<row r="4">${cell('A4', '<f>A2</f><v>b@a.test</v>', ' t="str"')}${cell('C4', '<v>45000.5</v>', ' s="3"')}${cell('D4', '<v>0.30000000000000004</v>', ' s="2"')}${cell('E4', '<v>#N/A</v>', ' t="e"')}${cell('F4', '<v>2</v>', ' t="s"')}</row>`,
    ].join('');
    const strings = [
      '<t>a@a.test</t>',
      '<r><t>Ann </t></r><r><t xml:space="preserve">&amp; Co</t></r><rPh><t>x</t></rPh>',
      '<t>one,_x000D_two "q"</t>',
    ];
    const { text, container, isNamed } = await storedOf(aWorkbook(rows, strings));
    expect([container, isNamed]).toEqual(['xlsx', true]);
    expect(text).toBe(
      'E-Mail,Name,Born,Phone,Paid,Note\na@a.test,Ann & Co,2023-03-15,491701234567,true\nb@a.test,,2023-03-15T12:00:00Z,0.3,,"one,\rtwo ""q"""\n',
    );
  });
});

describe('a file that holds no rows is refused by its name', () => {
  test.each([
    ['an old Excel file', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /old Excel file \(\.xls\) or protected/],
    ['a PDF', Buffer.from('%PDF-1.7'), /a PDF/],
    ['a web page', Buffer.from('<!DOCTYPE html><html>'), /a web page/],
    ['JSON', Buffer.from('[{"email":"a@a.test"}]'), /JSON/],
    [
      'an OpenDocument file',
      aZip({ mimetype: 'application/vnd.oasis.opendocument.spreadsheet', 'content.xml': '<x/>' }),
      /OpenDocument/,
    ],
    ['a Word document', aZip({ '[Content_Types].xml': '<x/>', 'word/document.xml': '<x/>' }), /Word document/],
    ['a presentation', aZip({ '[Content_Types].xml': '<x/>', 'ppt/presentation.xml': '<x/>' }), /PowerPoint/],
    ['a binary workbook', aZip({ '[Content_Types].xml': '<x/>', 'xl/workbook.bin': 'x' }), /\(\.xlsb\)/],
    ['an archive of two tables', aZip({ 'a.csv': CSV, 'b.csv': CSV }), /2 tables/],
    ['an archive without a table', aZip({ 'a.exe': 'x' }), /no CSV file/],
    ['gzip in gzip', gzipSync(gzipSync(CSV)), /compressed twice/],
    ['a part of a gzip file', gzipSync(CSV).subarray(0, 30), /gzip file is damaged/],
    ['a part of an archive', aZip({ 'a.csv': CSV }).subarray(0, 60), /archive is damaged/],
    [
      'an archive with a wrong size',
      Buffer.from(aZip({ 'a.csv': CSV }).toString('latin1').replace('PK\x05\x06', 'PK\x05\x07'), 'latin1'),
      /damaged/,
    ],
    ['a workbook without a sheet', aZip({ 'xl/workbook.xml': '<workbook/>' }), /no sheet/],
    ['xz', Buffer.from('fd377a585a00', 'hex'), /xz/],
  ])('%s', async (_name, file, sentence) => {
    expect(await faultOf(file)).toMatch(sentence);
  });
});

describe('a file that grows without end is refused within bounds', () => {
  const zeros = Buffer.alloc(120_000_000);
  test.each([
    ['gzip', gzipSync(zeros), undefined, /200 times its size/],
    ['gzip beyond the limit', gzipSync(zeros.subarray(0, 2_000_000)), 1_000_000, /payload_too_large/],
    ['an archive', aZip({ 'a.csv': zeros }), undefined, /200 times its size/],
    ['an archive beyond the limit', aZip({ 'a.csv': zeros.subarray(0, 2_000_000) }), 1_000_000, /payload_too_large/],
    [
      'a workbook',
      aWorkbook(`<row><c t="str"><v>${zeros.toString('latin1')}</v></c></row>`),
      undefined,
      /200 times its size/,
    ],
    [
      'a workbook of shared strings',
      aWorkbook('', [`<t>${'x'.repeat(70_000_000)}</t>`]),
      undefined,
      /too much text|200 times/,
    ],
  ])('%s', async (_name, file, limit, sentence) => {
    expect(await faultOf(file, limit)).toMatch(sentence);
  });

  test('elements inside each other', async () => {
    expect(await faultOf(aWorkbook('<a>'.repeat(1_000_000)))).toMatch(
      /more than 100 elements inside each other|200 times/,
    );
    expect(await faultOf(aWorkbook('<a>'.repeat(1_000)))).toMatch(/more than 100 elements inside each other/);
  });

  test.each([
    ['one row', `<row>${'<c t="s"><v>0</v></c>'.repeat(900)}</row>`, /a row of more than 262,144 characters/],
    ['many rows', '<row><c t="s"><v>0</v></c></row>'.repeat(2_000), /payload_too_large/],
  ])('a text that many cells share, in %s', async (_name, rows, sentence) => {
    expect(await faultOf(aWorkbook(rows, [`<t>${'x'.repeat(60_000)}</t>`]), 10_000_000)).toMatch(sentence);
  });

  test('a cell far to the right and a row far below take no memory', async () => {
    const file = aWorkbook(
      '<row r="1"><c r="A1" t="str"><v>email</v></c><c r="XFD1"><v>1</v></c></row><row r="1048576"/>',
    );
    expect((await storedOf(file)).text).toBe('email\n\n');
  });

  test('entities of a workbook are not expanded', async () => {
    const sheet =
      '<!DOCTYPE x [<!ENTITY a "bb"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>';
    expect((await storedOf(aWorkbook('', [], { 'xl/worksheets/sheet1.xml': sheet }))).text).toBe('"&b;"\n');
  });
});
