import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Entry,
  type Envelope,
  type MailIndex,
  type MailPage,
  openMailIndex,
  type StoredMail,
} from './mail-index.js';

const SEGMENT_BYTES = 64 * 1024 * 1024;

export interface Mailbox {
  /** Resolves when the mail is written: it survives the end of this process. */
  append(envelope: Envelope, raw: Buffer): Promise<void>;
  page(request: { to?: string; page: number; perPage: number }): Promise<MailPage>;
  find(id: number): Promise<StoredMail | undefined>;
  raw(mail: StoredMail): Promise<Buffer>;
  count(): number;
  clear(): Promise<void>;
  close(): Promise<void>;
}

interface PendingMail {
  readonly envelope: Envelope;
  readonly raw: Buffer;
  readonly done: (failure?: Error) => void;
}

interface Files {
  readonly folder: string;
  readonly index: MailIndex;
  segment: number;
  writer: FileHandle;
  size: number;
}

/** Mails in a folder: raw bytes in append-only segments, one index line each. Memory holds eight bytes a mail. */
export async function openMailbox(folder: string): Promise<Mailbox> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = await openFiles(folder);
  const waiting: PendingMail[] = [];
  let writing: Promise<void> | undefined;
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    while (writing !== undefined) await writing;
    const result = work();
    writing = result.then(
      () => {},
      () => {},
    );
    await writing;
    writing = undefined;
    return result;
  };
  const flush = async () => {
    while (waiting.length > 0) await exclusively(() => writeBatch(files, waiting.splice(0)));
  };
  return {
    append: (envelope, raw) =>
      new Promise((resolve, reject) => {
        waiting.push({ envelope, raw, done: (failure) => (failure ? reject(failure) : resolve()) });
        if (waiting.length === 1) void flush();
      }),
    page: ({ to, page, perPage }) => files.index.page(to, page, perPage),
    find: (id) => files.index.find(id),
    raw: (mail) => readRaw(folder, mail),
    count: () => files.index.count(),
    clear: () => exclusively(() => clear(files)),
    close: () => exclusively(() => closeFiles(files)),
  };
}

async function openFiles(folder: string): Promise<Files> {
  const index = await openMailIndex(join(folder, 'index'));
  const last = await index.find(index.count());
  const segment = last?.segment ?? 1;
  const writer = await open(segmentPath(folder, segment), 'a', 0o600);
  return { folder, index, segment, writer, size: (await writer.stat()).size };
}

/** Mails that arrive during a write form the next batch, written in two steps: first the bytes, then their index lines. */
async function writeBatch(files: Files, batch: readonly PendingMail[]): Promise<void> {
  if (batch.length === 0) return;
  try {
    if (files.size >= SEGMENT_BYTES) await nextSegment(files);
    const entries: Entry[] = [];
    let offset = files.size;
    for (const { envelope, raw } of batch) {
      entries.push({ ...envelope, segment: files.segment, offset, size: raw.length });
      offset += raw.length;
    }
    await files.writer.appendFile(Buffer.concat(batch.map(({ raw }) => raw)));
    files.size = offset;
    await files.index.append(entries);
    for (const { done } of batch) done();
  } catch (failure) {
    // How much was written is unknown: continue after it.
    files.size = (await files.writer.stat().catch(() => ({ size: files.size }))).size;
    for (const { done } of batch) done(failure instanceof Error ? failure : new Error(String(failure)));
  }
}

async function nextSegment(files: Files): Promise<void> {
  await files.writer.close();
  files.segment += 1;
  files.writer = await open(segmentPath(files.folder, files.segment), 'a', 0o600);
  files.size = (await files.writer.stat()).size;
}

async function readRaw(folder: string, { segment, offset, size }: StoredMail): Promise<Buffer> {
  const file = await open(segmentPath(folder, segment), 'r');
  try {
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, offset);
    return bytes;
  } finally {
    await file.close();
  }
}

async function clear(files: Files): Promise<void> {
  await files.index.clear();
  await files.writer.close();
  for (let segment = 1; segment <= files.segment; segment++) {
    await rm(segmentPath(files.folder, segment), { force: true });
  }
  files.segment = 1;
  files.writer = await open(segmentPath(files.folder, 1), 'a', 0o600);
  files.size = 0;
}

async function closeFiles(files: Files): Promise<void> {
  await files.index.close();
  await files.writer.close();
}

const segmentPath = (folder: string, segment: number) => join(folder, `mails-${String(segment).padStart(5, '0')}`);
