import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { refused } from '../../../uploads.js';
import { fromArchive } from './archive.js';
import { expansionLimit } from './expansion.js';
import { isGzip, isZip, refuseOthers, START_BYTES } from './signatures.js';

type Blocks = AsyncIterable<Buffer>;

/** How a file was packed. */
export type Container = 'csv' | 'gzip' | 'zip' | 'xlsx';

export interface Opened {
  readonly container: Container;
  readonly blocks: Blocks;
}

/** Opens a file by its first bytes: its text, block by block. Throws `validation_failed` for files that hold no rows of text. */
export async function opened(source: Blocks, limit: number): Promise<Opened> {
  const { start, blocks } = await withStart(source);
  if (isGzip(start)) {
    const inner = await withStart(gunzipped(blocks, limit));
    if (isGzip(inner.start) || isZip(inner.start)) throw refused('file', 'The file is compressed twice. Send it once.');
    refuseOthers(inner.start);
    return { container: 'gzip', blocks: inner.blocks };
  }
  if (isZip(start)) return fromArchive(blocks, limit);
  refuseOthers(start);
  return { container: 'csv', blocks };
}

/** The first bytes, and all blocks again. */
async function withStart(source: Blocks): Promise<{ readonly start: Buffer; readonly blocks: Blocks }> {
  const iterator = source[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  for (let bytes = 0; bytes < START_BYTES; ) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    read.push(value);
    bytes += value.length;
  }
  const start = Buffer.concat(read);
  const blocks = async function* () {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { start: start.subarray(0, START_BYTES), blocks: blocks() };
}

async function* gunzipped(blocks: Blocks, limit: number): AsyncGenerator<Buffer> {
  const expansion = expansionLimit(limit);
  const counted = async function* () {
    for await (const block of blocks) {
      expansion.read(block.length);
      yield block;
    }
  };
  const gunzip = createGunzip();
  // The reader below gets the same error.
  const feeding = pipeline(Readable.from(counted()), gunzip).catch((error: unknown) => error);
  try {
    for await (const block of gunzip) {
      expansion.grow((block as Buffer).length);
      yield block as Buffer;
    }
  } catch (error) {
    if (!/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw refused('file', 'The gzip file is damaged or incomplete.');
  } finally {
    gunzip.destroy();
    await feeding;
  }
}
