import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { Failure } from '../../../domain/errors.js';
import {
  type ColumnMapping,
  CSV_PARSE_OPTIONS,
  type CsvEncoding,
  columnsOf,
  type Delimiter,
  delimiterOf,
  encodingProbe,
  fromWindows1252,
  namedDelimiter,
  parserEncoding,
  utf16Of,
} from '../../../domain/import/csv.js';
import type { CsvFile } from '../../../store/imports/row.js';
import { limitBytes } from '../../uploads.js';

/** A stored file, with the properties detected during the upload. */
export interface StoredUpload {
  readonly name: string;
  /** Size of the stored file, which is UTF-8 or a single-byte encoding, without a byte order mark. */
  readonly bytes: number;
  readonly encoding: CsvEncoding;
  /** Its first bytes, which must contain the header. */
  readonly head: Buffer;
}

const HEAD_BYTES = 65_536;

/** Stores an upload block by block; throws `payload_too_large` at the first byte beyond the limit. */
export async function storeUpload(
  source: Readable,
  sink: Writable,
  { name, limit }: { readonly name: string; readonly limit: number },
): Promise<StoredUpload> {
  const probe = encodingProbe();
  const head: Buffer[] = [];
  let bytes = 0;
  const inspected = async function* (blocks: AsyncIterable<Buffer>) {
    for await (const block of blocks) {
      probe.add(block);
      if (bytes < HEAD_BYTES) head.push(block.subarray(0, HEAD_BYTES - bytes));
      bytes += block.length;
      yield block;
    }
  };
  await pipeline(source, limitBytes(limit), withoutByteOrderMark, inspected, sink);
  return { name, bytes, encoding: probe.encoding(), head: Buffer.concat(head) };
}

/** Reads the header once. Throws `validation_failed` if the file cannot be imported with this mapping. */
export function csvFileOf({ head, ...upload }: StoredUpload, mapping: ColumnMapping): CsvFile {
  const { name, bytes, encoding } = upload;
  const named = namedDelimiter(head.toString('latin1'));
  const above = named?.length ?? 0;
  const text = head.subarray(above).toString(parserEncoding(encoding));
  const delimiter = named?.delimiter ?? delimiterOf(text);
  const { cells, end } = headerOf(head.subarray(above), encoding, delimiter);
  if (above + end >= HEAD_BYTES && bytes > HEAD_BYTES) throw refused('file', ['The header of the file is too long.']);
  const headers = cells.map((cell) => (encoding === 'utf-8' ? cell : fromWindows1252(cell)).trim());
  const found = columnsOf(headers, mapping);
  if (found.kind === 'faults') throw refused(found.about, found.sentences);
  return { name, bytes, encoding, delimiter, columns: found.columns, start: above + end };
}

function headerOf(head: Buffer, encoding: CsvEncoding, delimiter: Delimiter) {
  try {
    const reading = { ...CSV_PARSE_OPTIONS, delimiter, encoding: parserEncoding(encoding), to: 1, info: true } as const;
    const [first] = parse(head, reading) as unknown as readonly { record: string[]; info: { bytes: number } }[];
    if (first === undefined) throw refused('file', ['The file is empty.']);
    return { cells: first.record, end: first.info.bytes };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refused('file', ['The header of the file has a quote that is not closed.']);
  }
}

function refused(field: 'file' | 'mapping', sentences: readonly string[]): Failure {
  return new Failure('validation_failed', { [field]: sentences });
}

/** Removes the byte order mark and converts UTF-16 to UTF-8, so that positions in the stored file are bytes. */
async function* withoutByteOrderMark(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start = Buffer.alloc(0);
  let decoder: ReturnType<typeof decoderFor>;
  let started = false;
  for await (const block of blocks) {
    if (started) {
      yield decoder === undefined ? block : Buffer.from(decoder.decode(block, { stream: true }));
      continue;
    }
    start = Buffer.concat([start, block]);
    if (start.length < 3) continue;
    started = true;
    decoder = decoderFor(start);
    yield decoder === undefined
      ? withoutUtf8ByteOrderMark(start)
      : Buffer.from(decoder.decode(start, { stream: true }));
  }
  if (!started) yield withoutUtf8ByteOrderMark(start);
  if (decoder !== undefined) yield Buffer.from(decoder.decode());
}

function decoderFor(start: Buffer) {
  const utf16 = utf16Of(start);
  return utf16 && new TextDecoder(utf16);
}

function withoutUtf8ByteOrderMark(start: Buffer): Buffer {
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? start.subarray(3) : start;
}
