import { refused } from '../../../uploads.js';

/** Enough for every signature. */
export const START_BYTES = 512;

const REFUSED: readonly (readonly [isOne: (start: Buffer) => boolean, sentence: string])[] = [
  [
    (start) => start.readUInt32BE(0) === 0xd0cf11e0,
    'The file is an old Excel file (.xls) or protected by a password. Save it as .xlsx or CSV without a password.',
  ],
  [(start) => start.toString('latin1', 0, 5) === '%PDF-', 'The file is a PDF. Send CSV or .xlsx.'],
  [
    (start) => /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|\?xml|table|meta|head)\b/i.test(start.toString('latin1')),
    'The file is a web page or XML. Send CSV or .xlsx.',
  ],
  [(start) => /^\s*(?:\[\s*[{[\]]|\{\s*["}])/.test(start.toString('latin1')), 'The file is JSON. Send CSV or .xlsx.'],
  [(start) => start.toString('latin1', 257, 262) === 'ustar', 'The file is a tar archive. Send the CSV file in it.'],
  [(start) => start.toString('latin1', 0, 3) === 'BZh', 'The file is compressed with bzip2. Send it as gzip or CSV.'],
  [(start) => start.readUInt32BE(0) === 0xfd377a58, 'The file is compressed with xz. Send it as gzip or CSV.'],
  [(start) => start.readUInt32BE(0) === 0x28b52ffd, 'The file is compressed with Zstandard. Send it as gzip or CSV.'],
  [(start) => start.readUInt32BE(0) === 0x377abcaf, 'The file is a 7-Zip archive. Send the CSV file in it.'],
  [(start) => start.toString('latin1', 0, 4) === 'Rar!', 'The file is a RAR archive. Send the CSV file in it.'],
];

/** Throws a sentence that names what the file is, if it is no text of rows. */
export function refuseOthers(start: Buffer): void {
  const whole = Buffer.concat([start, Buffer.alloc(START_BYTES)]);
  for (const [isOne, sentence] of REFUSED) if (isOne(whole)) throw refused('file', sentence);
}

export function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

export function isZip(start: Buffer): boolean {
  return start.length >= 4 && [0x504b0304, 0x504b0506].includes(start.readUInt32BE(0));
}
