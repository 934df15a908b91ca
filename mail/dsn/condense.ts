/**
 * Keeps what is read of an inbound mail while it arrives: the header and the beginning of each part. A report may return
 * the whole mail that it is about; memory does not depend on its size.
 */
export interface Condenser {
  write(chunk: Buffer): void;
  /** The mail as kept; small mails are unchanged. */
  end(): Buffer;
}

const PART = { bytes: 128 * 1024, lines: 3_000 } as const;
const WHOLE = { bytes: 1024 * 1024, lines: 20_000 } as const;
const LONGEST_LINE = 64 * 1024;
const MAX_BOUNDARIES = 20;
const NEWLINE = 10;

export function condenser(): Condenser {
  const kept: Buffer[] = [];
  const boundaries = new Set<string>();
  const part = { bytes: 0, lines: 0 };
  const whole = { bytes: 0, lines: 0 };
  /** The current line, in pieces, and its length with the bytes that were dropped. */
  let line: Buffer[] = [];
  let length = 0;

  const take = (): void => {
    const bytes = line.length === 1 ? (line[0] ?? Buffer.alloc(0)) : Buffer.concat(line);
    const text = bytes.length <= 1_000 ? bytes.toString('latin1') : '';
    if (isDelimiter(text, boundaries)) Object.assign(part, { bytes: 0, lines: 0 });
    [line, length] = [[], 0];
    if (!fits(part, bytes, PART) || !fits(whole, bytes, WHOLE)) return;
    const boundary = /\bboundary\s{0,5}=\s{0,5}(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(text);
    const name = boundary?.[1] ?? boundary?.[2];
    if (name !== undefined && boundaries.size < MAX_BOUNDARIES) boundaries.add(name);
    kept.push(bytes);
  };

  return {
    write: (chunk) => {
      for (let from = 0; from < chunk.length; ) {
        const newline = chunk.indexOf(NEWLINE, from);
        const end = newline < 0 ? chunk.length : newline + 1;
        if (length < LONGEST_LINE) line.push(Buffer.from(chunk.subarray(from, Math.min(end, from + LONGEST_LINE))));
        length += end - from;
        if (newline >= 0) take();
        from = end;
      }
    },
    end: () => {
      if (length > 0) take();
      return Buffer.concat(kept);
    },
  };
}

function isDelimiter(text: string, boundaries: ReadonlySet<string>): boolean {
  if (!text.startsWith('--')) return false;
  const name = text.slice(2).trimEnd();
  return boundaries.has(name) || (name.endsWith('--') && boundaries.has(name.slice(0, -2)));
}

interface Budget {
  readonly bytes: number;
  readonly lines: number;
}

/** Adds a line to what is used; false once the budget is spent. */
function fits(used: { bytes: number; lines: number }, { length }: Buffer, most: Budget): boolean {
  used.bytes += length;
  used.lines += 1;
  return used.bytes <= most.bytes && used.lines <= most.lines;
}

export async function condensed(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const mail = condenser();
  for await (const chunk of stream) mail.write(chunk);
  return mail.end();
}
