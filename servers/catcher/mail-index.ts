import { type FileHandle, open } from 'node:fs/promises';

const SCAN_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/** The list of all mails, one line of JSON each, in a file; memory holds only the offset of each line. */
export interface MailIndex {
  append(entries: readonly Entry[]): Promise<void>;
  /** A page, newest first, of all mails or of those whose recipient contains the text. */
  page(to: string | undefined, page: number, perPage: number): Promise<MailPage>;
  /** Ids are the numbers of the lines, from 1. */
  find(id: number): Promise<StoredMail | undefined>;
  count(): number;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Offsets of the lines; the last element is the end of the file. */
interface Lines {
  starts: Float64Array;
  count: number;
}

export async function openMailIndex(path: string): Promise<MailIndex> {
  const file = await open(path, 'a+', 0o600);
  const lines: Lines = { starts: new Float64Array(1024), count: 0 };
  await readLines(file, lines);
  return {
    append: (entries) => append(file, lines, entries),
    page: (to, page, perPage) =>
      to === undefined ? plainPage(file, lines, page, perPage) : searchPage(file, lines, { to, page, perPage }),
    find: async (id) => (id >= 1 && id <= lines.count ? (await readRange(file, lines, id - 1, id))[0] : undefined),
    count: () => lines.count,
    clear: async () => {
      await file.truncate(0);
      lines.count = 0;
    },
    close: () => file.close(),
  };
}

function addLine(lines: Lines, end: number): void {
  if (lines.count + 2 > lines.starts.length) {
    const larger = new Float64Array(lines.starts.length * 2);
    larger.set(lines.starts);
    lines.starts = larger;
  }
  lines.count += 1;
  lines.starts[lines.count] = end;
}

const startOf = (lines: Lines, index: number) => (index === 0 ? 0 : (lines.starts[index] ?? 0));

/** Finds the lines of an earlier run; an incomplete line after a crash names no accepted mail and is truncated. */
async function readLines(file: FileHandle, lines: Lines): Promise<void> {
  const chunk = Buffer.alloc(SCAN_BYTES);
  let at = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, SCAN_BYTES, at);
    if (bytesRead === 0) break;
    const read = chunk.subarray(0, bytesRead);
    for (let feed = read.indexOf(LINE_FEED); feed !== -1; feed = read.indexOf(LINE_FEED, feed + 1)) {
      addLine(lines, at + feed + 1);
    }
    at += bytesRead;
  }
  if (at !== startOf(lines, lines.count)) await file.truncate(startOf(lines, lines.count));
}

async function append(file: FileHandle, lines: Lines, entries: readonly Entry[]): Promise<void> {
  const written = entries.map((entry) => `${JSON.stringify(entry)}\n`);
  const before = startOf(lines, lines.count);
  try {
    await file.appendFile(written.join(''));
  } catch (failure) {
    await file.truncate(before).catch(() => {});
    throw failure;
  }
  let end = before;
  for (const line of written) {
    end += Buffer.byteLength(line);
    addLine(lines, end);
  }
}

async function plainPage(file: FileHandle, lines: Lines, page: number, perPage: number): Promise<MailPage> {
  const last = Math.max(0, lines.count - (page - 1) * perPage);
  const mails = await readRange(file, lines, Math.max(0, last - perPage), last);
  return { total: lines.count, mails: mails.toReversed() };
}

/** Reads the file backwards, a block at a time, so that memory stays constant. */
async function searchPage(
  file: FileHandle,
  lines: Lines,
  { to, page, perPage }: { to: string; page: number; perPage: number },
): Promise<MailPage> {
  const wanted = to.toLowerCase();
  const from = (page - 1) * perPage;
  const mails: StoredMail[] = [];
  let total = 0;
  for (let last = lines.count; last > 0; ) {
    const first = blockBefore(lines, last);
    for (const mail of (await readRange(file, lines, first, last, wanted)).toReversed()) {
      if (total >= from && total < from + perPage) mails.push(mail);
      total += 1;
    }
    last = first;
  }
  return { total, mails };
}

function blockBefore(lines: Lines, last: number): number {
  let first = Math.max(0, last - 1000);
  while (first < last - 1 && startOf(lines, last) - startOf(lines, first) > 4 * SCAN_BYTES) first += 1;
  return first;
}

async function readRange(
  file: FileHandle,
  lines: Lines,
  first: number,
  last: number,
  recipient?: string,
): Promise<StoredMail[]> {
  const start = startOf(lines, first);
  const bytes = Buffer.alloc(startOf(lines, last) - start);
  await file.read(bytes, 0, bytes.length, start);
  const escaped = recipient && JSON.stringify(recipient).slice(1, -1);
  const mails: StoredMail[] = [];
  for (let index = first; index < last; index++) {
    const line = bytes.toString('utf8', startOf(lines, index) - start, startOf(lines, index + 1) - start);
    // Filters most lines without parsing them.
    if (escaped !== undefined && !line.toLowerCase().includes(escaped)) continue;
    const entry = JSON.parse(line) as Entry;
    if (recipient === undefined || entry.to.some((address) => address.toLowerCase().includes(recipient))) {
      mails.push({ ...entry, id: index + 1 });
    }
  }
  return mails;
}

/** The index data of a mail. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** As in the header, with its encoded words. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** One index line: the envelope and the position of the bytes. */
export interface Entry extends Envelope {
  readonly segment: number;
  readonly offset: number;
  readonly size: number;
}

export interface StoredMail extends Entry {
  readonly id: number;
}

export interface MailPage {
  readonly total: number;
  /** Newest first. */
  readonly mails: readonly StoredMail[];
}
