import { describe, expect, test } from 'vitest';
import { documentText } from '../../../web/decoding/document-text.js';
import { encodingOf } from '../../../web/decoding/encodings.js';

/** One character beyond ASCII in each encoding of the WHATWG Encoding Standard. */
const SAMPLES: readonly (readonly [encoding: string, hex: string, text: string])[] = [
  ['utf-8', 'c3a4', 'ä'],
  ['ibm866', '8f', 'П'],
  ['iso-8859-2', 'a1', 'Ą'],
  ['iso-8859-3', 'a1', 'Ħ'],
  ['iso-8859-4', 'a2', 'ĸ'],
  ['iso-8859-5', 'b0', 'А'],
  ['iso-8859-6', 'c7', 'ا'],
  ['iso-8859-7', 'c1', 'Α'],
  ['iso-8859-8', 'e0', 'א'],
  ['iso-8859-8-i', 'e0', 'א'],
  ['iso-8859-10', 'a2', 'Ē'],
  ['iso-8859-13', 'c0', 'Ą'],
  ['iso-8859-14', 'a1', 'Ḃ'],
  ['iso-8859-15', 'a4', '€'],
  ['iso-8859-16', 'a4', '€'],
  ['koi8-r', 'c1', 'а'],
  ['koi8-u', 'ae', 'ў'],
  ['macintosh', '8a', 'ä'],
  ['windows-874', 'a1', 'ก'],
  ['windows-1250', 'a5', 'Ą'],
  ['windows-1251', 'cf', 'П'],
  ['windows-1252', '80', '€'],
  ['windows-1253', 'c1', 'Α'],
  ['windows-1254', 'd0', 'Ğ'],
  ['windows-1255', 'e0', 'א'],
  ['windows-1256', 'c7', 'ا'],
  ['windows-1257', 'c0', 'Ą'],
  ['windows-1258', 'd0', 'Đ'],
  ['x-mac-cyrillic', '80', 'А'],
  ['gbk', 'd6d0', '中'],
  ['gb18030', '8139ee39', '㐀'],
  ['big5', 'a4a4', '中'],
  ['euc-jp', 'c6fc', '日'],
  ['iso-2022-jp', '1b2442467c1b2842', '日'],
  ['shift_jis', '93fa', '日'],
  ['euc-kr', 'c7d1', '한'],
  ['x-user-defined', '80', '\uf780'],
];
const bytes = (start: string, hex: string, end = '') =>
  Buffer.concat([Buffer.from(start), Buffer.from(hex, 'hex'), Buffer.from(end)]);

describe.each(SAMPLES)('a document in %s', (encoding, hex, text) => {
  test('is read as its Content-Type says', () => {
    expect(documentText(bytes('<t>', hex, '</t>'), `text/xml; charset=${encoding}`)).toBe(`<t>${text}</t>`);
  });

  test('is read as its declaration says', () => {
    const head = `<?xml version="1.0" encoding="${encoding.toUpperCase()}"?><t>`;
    expect(documentText(bytes(head, hex, '</t>'), 'application/rss+xml')).toBe(`${head}${text}</t>`);
  });
});

test.each([
  ['latin1', 'windows-1252'],
  ['ISO-8859-1', 'windows-1252'],
  ['us-ascii', 'windows-1252'],
  ['iso-8859-9', 'windows-1254'],
  [' cp1251 ', 'windows-1251'],
  ['sjis', 'shift_jis'],
  ['gb2312', 'gbk'],
  ['unicode', 'utf-16le'],
  ['UTF8', 'utf-8'],
  ['utf-7', undefined],
  ['iso-2022-kr', undefined],
  ['__proto__', undefined],
])('the label %s is %s', (label, encoding) => {
  expect(encodingOf(label)).toBe(encoding);
});

test.each([
  ['très €5', 'text/xml; charset="ISO-8859-1"', Buffer.from('tr\xe8s \x805', 'latin1')],
  [
    'а byte order mark precedes the header',
    'text/xml; charset=windows-1251',
    Buffer.from('\ufeffа byte order mark precedes the header'),
  ],
  ['UTF-16 ä', null, Buffer.from('\ufeffUTF-16 ä', 'utf16le')],
  ['UTF-16 ä', 'text/xml; charset=utf-16', Buffer.from('\ufeffUTF-16 ä', 'utf16le').swap16()],
  ['<?xml?> without a mark ä', null, Buffer.from('<?xml?> without a mark ä', 'utf16le')],
  ['<?xml?> without a mark ä', 'text/xml; charset=utf-16', Buffer.from('<?xml?> without a mark ä', 'utf16le').swap16()],
  ['plain ä', null, Buffer.from('plain ä')],
  ['undeclared ä', null, Buffer.from('undeclared \xe4', 'latin1')],
  ['a wrong label ä', 'text/xml; charset=utf-16', Buffer.from('a wrong label ä')],
  ['an unknown label ä', 'text/xml; charset=x-none', Buffer.from('an unknown label ä')],
])('%s', (text, contentType, document) => {
  expect(documentText(document, contentType)).toBe(text);
});

test('the Content-Type precedes the declaration, unless the bytes are invalid in it', () => {
  const declared = '<?xml version="1.0" encoding="windows-1251"?>';
  expect(documentText(bytes(declared, 'c3a4'), 'text/xml; charset=utf-8')).toBe(`${declared}ä`);
  expect(documentText(bytes(declared, 'cf'), 'text/xml; charset=utf-8')).toBe(`${declared}П`);
});

test('one bad byte costs one character', () => {
  const text = documentText(bytes('<?xml version="1.0" encoding="utf-8"?>ä', 'ff', 'ö'), null);
  expect(text.endsWith('ä\ufffdö')).toBe(true);
});
