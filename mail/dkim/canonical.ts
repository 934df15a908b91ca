/** The relaxed canonicalization of RFC 6376 §3.4, for header and body. */
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const BLANK = 0x20;
const SLICE = 16_384;
const SHORT = 256;

export interface Field {
  /** Lower-cased. */
  readonly name: string;
  /** The whole field, relaxed, without its line break; latin1, so that each character is an octet. */
  readonly relaxed: string;
}

/** Whole lines, relaxed. Empty lines at the end are counted apart: they matter only if another line follows. */
interface Run {
  readonly bytes: Buffer;
  readonly emptyLines: number;
}

interface HeaderEnd {
  readonly head: string;
  /** Fields of `head` alone; valid if the text before it ended with a whole field. */
  readonly fields: readonly Field[];
  readonly run: Run;
}

export interface RelaxedMail {
  readonly fields: readonly Field[];
  /** In pieces, most of which all mails of a letter share. */
  readonly body: readonly Buffer[];
}

/** Results for unchanging chunks; other chunks are relaxed each time. */
const headerEnds = new WeakMap<Buffer, HeaderEnd>();
const runs = new WeakMap<Buffer, Run>();

/**
 * Relaxes the unchanging pieces of a letter once, and `relaxedMail` reuses the results. Each piece must consist of
 * whole lines, as quoted-printable runs do, so that no neighbour changes its relaxed form; the first one ends the
 * header.
 */
export function relaxOnce(pieces: readonly (Buffer | number)[]): void {
  let inHeader = true;
  for (const piece of pieces) {
    if (typeof piece !== 'object') continue;
    if (!inHeader) {
      if (!runs.has(piece)) runs.set(piece, runOf(piece));
      continue;
    }
    const headerEnd = headerEnds.get(piece) ?? headerEndOf(piece);
    if (headerEnd === undefined) continue;
    headerEnds.set(piece, headerEnd);
    inHeader = false;
  }
}

/** Splits a finished mail into its relaxed header fields and its relaxed body. */
export function relaxedMail(chunks: readonly Buffer[]): RelaxedMail {
  let head = '';
  let fields: readonly Field[] | undefined;
  const body: Run[] = [];
  for (const lines of inWholeLines(chunks)) {
    if (fields !== undefined) {
      body.push(runs.get(lines) ?? runOf(lines));
      continue;
    }
    const headerEnd = headerEnds.get(lines) ?? headerEndOf(lines);
    if (headerEnd === undefined) {
      head += lines.toString('latin1');
      continue;
    }
    fields = isFolded(headerEnd.head) ? fieldsOf(head + headerEnd.head) : [...fieldsOf(head), ...headerEnd.fields];
    body.push(headerEnd.run);
  }
  return { fields: fields ?? fieldsOf(head), body: withoutEmptyEnd(body) };
}

/** Whether the text begins with the rest of a field. */
function isFolded(head: string): boolean {
  return head.startsWith(' ') || head.startsWith('\t');
}

/** A field in its relaxed form (§3.4.2); `field` may be folded and may end with CRLF. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(':');
  const name = field
    .slice(0, colon)
    .toLowerCase()
    .replace(/(?<![ \t])[ \t]+$/, '');
  const value = field.slice(colon + 1).replace(/[ \t\r\n]+/g, ' ');
  return `${name}:${value.startsWith(' ') ? value.slice(1) : value}`.replace(/ $/, '');
}

function fieldsOf(head: string): Field[] {
  return head
    .split(/\r\n(?![ \t])/)
    .filter((field) => field.includes(':'))
    .map((field) => {
      const relaxed = relaxedField(field);
      return { name: relaxed.slice(0, relaxed.indexOf(':')), relaxed };
    });
}

/** Undefined if the header continues after these lines. */
function headerEndOf(lines: Buffer): HeaderEnd | undefined {
  // The empty line is the first one if the header's last line ended the chunk before.
  const empty = lines[0] === CR && lines[1] === LF ? 0 : lines.indexOf('\r\n\r\n') + 2;
  if (empty === 1) return undefined;
  const head = lines.toString('latin1', 0, empty);
  return { head, fields: fieldsOf(head), run: runOf(lines.subarray(empty + 2)) };
}

function runOf(lines: Buffer): Run {
  const bytes = withoutSpareBlanks(lines);
  let end = bytes.length;
  while (end >= 2 && bytes[end - 1] === LF && (end === 2 || bytes[end - 3] === LF)) end -= 2;
  return { bytes: bytes.subarray(0, end), emptyLines: (bytes.length - end) / 2 };
}

/** §3.4.4 a: reduces blanks within a line to one and removes those at its end. Most lines need no change. */
function withoutSpareBlanks(lines: Buffer): Buffer {
  if (!hasSpareBlanks(lines)) return lines;
  return Buffer.concat(slicesOf(lines).map((slice) => (hasSpareBlanks(slice) ? relaxedLines(slice) : slice)));
}

function hasSpareBlanks(lines: Buffer): boolean {
  if (lines.length <= SHORT) return hasSpareBlanksInShort(lines);
  return lines.includes('  ') || lines.includes('\t') || lines.includes(' \r\n');
}

/** The same octet by octet, which is faster for short texts than three searches. */
function hasSpareBlanksInShort(lines: Buffer): boolean {
  let blank = false;
  for (const octet of lines) {
    if (octet === TAB || (blank && (octet === BLANK || octet === CR))) return true;
    blank = octet === BLANK;
  }
  return false;
}

function relaxedLines(lines: Buffer): Buffer {
  const single = lines.toString('latin1').replace(/\t[ \t]*| [ \t]+/g, ' ');
  return Buffer.from(single.replaceAll(' \r\n', '\r\n'), 'latin1');
}

/** Slices of about SLICE bytes, of whole lines. */
function slicesOf(lines: Buffer): Buffer[] {
  const slices: Buffer[] = [];
  for (let from = 0; from < lines.length; ) {
    const lineEnd = lines.indexOf(LF, from + SLICE);
    const to = lineEnd === -1 ? lines.length : lineEnd + 1;
    slices.push(lines.subarray(from, to));
    from = to;
  }
  return slices;
}

/** §3.4.4 b: removes empty lines at the end of the body. */
function withoutEmptyEnd(body: readonly Run[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let waiting = 0;
  for (const { bytes, emptyLines } of body) {
    if (bytes.length > 0) {
      if (waiting > 0) pieces.push(Buffer.from('\r\n'.repeat(waiting)));
      pieces.push(bytes);
      waiting = 0;
    }
    waiting += emptyLines;
  }
  return pieces;
}

/** The same bytes in chunks of whole lines; a missing line break at the end is added, as the transport does. */
function inWholeLines(chunks: readonly Buffer[]): readonly Buffer[] {
  if (chunks.every(endsLine)) return chunks;
  const whole: Buffer[] = [];
  let open: Buffer[] = [];
  for (const chunk of chunks) {
    if (open.length === 0 && endsLine(chunk)) {
      whole.push(chunk);
      continue;
    }
    open.push(chunk);
    if (!endsLine(chunk)) continue;
    whole.push(Buffer.concat(open));
    open = [];
  }
  if (open.length > 0) whole.push(Buffer.concat([...open, Buffer.from('\r\n')]));
  return whole;
}

function endsLine(chunk: Buffer): boolean {
  return chunk.length >= 2 && chunk[chunk.length - 1] === LF && chunk[chunk.length - 2] === CR;
}
