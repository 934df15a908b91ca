import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { limitBytes, refused } from '../../../uploads.js';
import { expansionLimit } from './expansion.js';
import { type ReadPart, sheetRows } from './workbook.js';

type Blocks = AsyncIterable<Buffer>;

/** A zip file is read from its end: it is kept on disk while it is read. */
const LARGEST_ARCHIVE = 256 * 1_048_576;
const MOST_ENTRIES = 5_000;

/** A workbook's first sheet as CSV, or the only CSV file of an archive. */
export async function fromArchive(source: Blocks, limit: number) {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-import-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'upload.zip');
    await pipeline(Readable.from(source), limitBytes(Math.min(limit, LARGEST_ARCHIVE)), createWriteStream(path));
    const { kind, blocks } = await openArchive(path, limit);
    return { container: kind, blocks: closing(blocks, close) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* closing(blocks: Blocks, close: () => Promise<void>): AsyncGenerator<Buffer> {
  try {
    yield* blocks;
  } finally {
    await close();
  }
}

async function openArchive(path: string, limit: number): Promise<{ kind: 'xlsx' | 'zip'; blocks: Blocks }> {
  const zip = await unlessDamaged(openPromise(path, { lazyEntries: true, autoClose: false }));
  try {
    const entries = await unlessDamaged(entriesOf(zip));
    const expansion = expansionLimit(limit);
    const read: ReadPart = async (name) => {
      const entry = entries.get(name);
      return entry && entryBlocks(zip, entry, expansion);
    };
    if (entries.has('xl/workbook.xml')) return { kind: 'xlsx', blocks: ending(zip, sheetRows(read, limit)) };
    const [name, ...others] = Array.from(entries.keys()).filter(isTable);
    refuseDocuments(entries);
    if (others.length > 0)
      throw refused('file', `The archive has ${others.length + 1} tables. Send one file at a time.`);
    const blocks = name === undefined ? undefined : await read(name);
    if (blocks === undefined) throw refused('file', 'The archive has no CSV file.');
    return { kind: 'zip', blocks: ending(zip, blocks) };
  } catch (error) {
    zip.close();
    throw error;
  }
}

const DOCUMENTS: readonly (readonly [part: string, what: string])[] = [
  ['content.xml', 'an OpenDocument file'],
  ['word/document.xml', 'a Word document'],
  ['ppt/presentation.xml', 'a PowerPoint presentation'],
  ['xl/workbook.bin', 'a binary Excel file (.xlsb)'],
  ['Index/Document.iwa', 'a document of Numbers, Pages or Keynote'],
];

function refuseDocuments(entries: ReadonlyMap<string, Entry>): void {
  const [, what] = DOCUMENTS.find(([part]) => entries.has(part)) ?? [];
  if (what !== undefined) throw refused('file', `The file is ${what}. Save its table as .xlsx or CSV.`);
}

function isTable(name: string): boolean {
  return /\.(?:csv|tsv|txt)$/i.test(name) && !/(?:^|\/)(?:__MACOSX\/|\._)/.test(name);
}

async function* ending(zip: ZipFile, blocks: Blocks): AsyncGenerator<Buffer> {
  try {
    yield* blocks;
  } finally {
    zip.close();
  }
}

async function entriesOf(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MOST_ENTRIES) throw refused('file', 'The archive has too many files.');
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('/')) entries.set(entry.fileName.replaceAll('\\', '/').replace(/^\//, ''), entry);
  }
  return entries;
}

async function* entryBlocks(
  zip: ZipFile,
  entry: Entry,
  expansion: ReturnType<typeof expansionLimit>,
): AsyncGenerator<Buffer> {
  if (entry.isEncrypted()) throw refused('file', 'The file is protected by a password.');
  expansion.read(entry.compressedSize);
  const stream = await unlessDamaged(zip.openReadStreamPromise(entry));
  const blocks = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessDamaged(blocks.next());
      if (done === true) return;
      expansion.grow((value as Buffer).length);
      yield value as Buffer;
    }
  } finally {
    stream.destroy();
  }
}

/** The library throws plain errors for archives that are not as the format says. */
async function unlessDamaged<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && error.name === 'Error') throw refused('file', 'The archive is damaged.');
    throw error;
  }
}
