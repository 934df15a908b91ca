import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decoderOf, encodingOf, markedEncoding, utf16Pattern } from '../../../web/decoding/encodings.js';
import { hashedBy, limitBytes, refused } from '../../uploads.js';
import { type Container, opened } from './files/container.js';
import { encodingProbe } from './files/guess-encoding.js';

/** A stored file, with the properties detected during the upload. */
export interface StoredUpload {
  readonly name: string;
  /** Size of the stored file, which has no byte order mark and is in an encoding that contains ASCII. */
  readonly bytes: number;
  readonly container: Container;
  /** Of the stored file, if it is known. */
  readonly encoding: string;
  /** Of the file as it was sent: UTF-16 is stored as UTF-8. */
  readonly sentEncoding: string;
  /** The encoding was named, by the request or by the file. */
  readonly isNamed: boolean;
  /** SHA-256 of the file as it was sent. */
  readonly hash: string;
  /** Its first bytes, which must contain the header. */
  readonly head: Buffer;
}

export interface UploadRequest {
  readonly name: string;
  readonly limit: number;
  /** As the request names it, if it comes before the file. */
  readonly encoding: string | undefined;
}

export const HEAD_BYTES = 65_536;

/** Stores an upload block by block; throws `payload_too_large` at the first byte beyond the limit. */
export async function storeUpload(
  source: Readable,
  sink: Writable,
  { name, limit, encoding: given }: UploadRequest,
): Promise<StoredUpload> {
  const probe = encodingProbe();
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  const found: Found = { container: 'csv', wide: undefined, marked: false };
  let bytes = 0;
  const hashed = hashedBy(hash);
  const unpacked = async function* (blocks: AsyncIterable<Buffer>) {
    const file = await opened(blocks, limit);
    found.container = file.container;
    yield* file.blocks;
  };
  const inspected = async function* (blocks: AsyncIterable<Buffer>) {
    for await (const block of blocks) {
      probe.add(block);
      if (bytes < HEAD_BYTES) head.push(block.subarray(0, HEAD_BYTES - bytes));
      bytes += block.length;
      yield block;
    }
  };
  const decoded = (blocks: AsyncIterable<Buffer>) => withAscii(unpacked(hashed(blocks)), encodingNamed(given), found);
  await pipeline(source, limitBytes(limit), decoded, inspected, sink);
  const isStored = found.wide !== undefined || found.marked;
  const encoding = isStored ? 'utf-8' : (encodingNamed(given) ?? probe.encoding());
  return {
    name,
    bytes,
    container: found.container,
    encoding,
    sentEncoding: found.wide ?? encoding,
    isNamed: given !== undefined || isStored || found.container === 'xlsx',
    hash: hash.digest('hex'),
    head: Buffer.concat(head),
  };
}

interface Found {
  container: Container;
  /** An encoding that does not contain ASCII: the file is stored as UTF-8. */
  wide: string | undefined;
  marked: boolean;
}

/** Throws `validation_failed` for an unknown label. */
export function encodingNamed(label: string | undefined): string | undefined {
  if (label === undefined || label === '') return undefined;
  const encoding = encodingOf(label);
  if (encoding === undefined) throw refused('encoding', 'The encoding must be a name such as utf-8 or windows-1251.');
  return encoding;
}

export function containsAscii(encoding: string): boolean {
  return !encoding.startsWith('utf-16') && encoding !== 'iso-2022-jp';
}

/** Invalid bytes of a file that is stored as UTF-8: they are invalid there too, and cost their row. */
const INVALID = Buffer.of(0xff);

/** Removes the byte order mark and converts wide encodings to UTF-8, so that positions in the stored file are bytes. */
async function* withAscii(
  blocks: AsyncIterable<Buffer>,
  given: string | undefined,
  found: Found,
): AsyncGenerator<Buffer> {
  let start = Buffer.alloc(0);
  let decode: ((block: Buffer | undefined) => Buffer) | undefined;
  let started = false;
  const begin = () => {
    started = true;
    const marked = markedEncoding(start);
    const wide = marked ?? utf16Pattern(start) ?? (given !== undefined && !containsAscii(given) ? given : undefined);
    found.marked = marked === 'utf-8';
    if (wide === undefined || wide === 'utf-8') return marked === 'utf-8' ? start.subarray(3) : start;
    found.wide = wide;
    decode = utf8From(wide);
    return decode(start);
  };
  for await (const block of blocks) {
    if (started) {
      yield decode === undefined ? block : decode(block);
      continue;
    }
    start = Buffer.concat([start, block]);
    if (start.length >= 256) yield begin();
  }
  if (!started) yield begin();
  if (decode !== undefined) yield decode(undefined);
}

function utf8From(encoding: string): (block: Buffer | undefined) => Buffer {
  const decoder = decoderOf(encoding);
  return (block) => {
    const text = block === undefined ? decoder.decode() : decoder.decode(block, { stream: true });
    if (!text.includes('\ufffd')) return Buffer.from(text);
    return Buffer.concat(
      text.split('\ufffd').flatMap((part, at) => (at === 0 ? [Buffer.from(part)] : [INVALID, Buffer.from(part)])),
    );
  };
}
