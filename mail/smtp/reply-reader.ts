/** A reply as it arrived: the code and the text of each line, without code and separator. */
export interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

export type ReplyReader = ReturnType<typeof replyReader>;

/** Bytes before the LF of a line, lines and bytes of one reply; RFC 5321 §4.5.3.1.5 asks for 512 a line. */
const LONGEST_LINE = 2_048;
const MOST_LINES = 128;
const LONGEST_REPLY = 32_768;

/** Code, separator, text. An enhanced status is part of the text. */
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;

/**
 * Reads replies from the bytes of a server (RFC 5321 §4.2). All sizes are bounded. After a `violation` the connection
 * is not usable.
 */
export function replyReader() {
  let unread = '';
  let lines: string[] = [];
  let bytes = 0;
  let code = 0;

  const readLine = (line: string): Reply | 'more' | 'violation' => {
    const [, digits, separator, text = ''] = LINE.exec(line) ?? [];
    if (digits === undefined) return 'violation';
    if (lines.length > 0 && Number(digits) !== code) return 'violation';
    code = Number(digits);
    bytes += line.length;
    if (lines.push(text) > MOST_LINES || bytes > LONGEST_REPLY) return 'violation';
    if (separator === '-') return 'more';
    const reply = { code, lines };
    lines = [];
    bytes = 0;
    return reply;
  };

  /** Undefined: no line of an allowed length has arrived. */
  const nextLine = (): string | undefined => {
    const end = unread.indexOf('\n');
    if (end < 0 || end > LONGEST_LINE) return undefined;
    const line = unread.slice(0, unread[end - 1] === '\r' ? end - 1 : end);
    unread = unread.slice(end + 1);
    return line;
  };

  return {
    push: (chunk: Buffer): void => {
      unread += chunk.toString('latin1');
    },
    /** The next whole reply; `more`: it has not arrived. */
    next: (): Reply | 'more' | 'violation' => {
      for (let line = nextLine(); line !== undefined; line = nextLine()) {
        const reply = readLine(line);
        if (reply !== 'more') return reply;
      }
      return unread.length > LONGEST_LINE ? 'violation' : 'more';
    },
    /** No byte is left that arrived before now. */
    isEmpty: (): boolean => unread === '' && lines.length === 0,
  };
}

/** Bytes of the text that outcomes keep; what reads them looks no further. */
const LONGEST_TEXT = 2_000;

/** The text of all lines, not over 2,000 bytes; UTF-8 where the server sent it. */
export function textOf({ lines }: Reply): string {
  const text = (lines.length === 1 ? (lines[0] ?? '') : lines.join(' ')).slice(0, LONGEST_TEXT);
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}
