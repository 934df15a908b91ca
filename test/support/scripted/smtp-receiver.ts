/** A mail as its lines arrived, without the dots of RFC 5321 §4.5.2. */
export interface TakenMail {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
}

export interface ReceiverOptions {
  readonly extensions?: readonly string[];
  /** What the receiver reads as the end of a line: RFC 5321 knows only CRLF, some servers take more. */
  readonly lineEnd?: 'CRLF' | 'LF' | 'CR';
  /** A reply instead of the usual, by command; `nth` counts the commands of that kind on the connection, from 1. */
  readonly instead?: (command: ReceiverCommand, nth: number) => string | undefined;
}

export type ReceiverCommand = 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'dot' | 'RSET' | 'QUIT' | 'other';

export type SmtpReceiver = ReturnType<typeof smtpReceiver>;

const [CR, LF, DOT] = [0x0d, 0x0a, 0x2e];

/**
 * The receiving side of one SMTP connection (RFC 5321), without a socket: each byte of the client gives the bytes of the
 * reply, mostly none. Independent of the code that sends.
 */
export function smtpReceiver(options: ReceiverOptions = {}) {
  const { lineEnd = 'CRLF', extensions = ['PIPELINING'], instead } = options;
  const taken: TakenMail[] = [];
  const counts = new Map<ReceiverCommand, number>();
  let line: number[] = [];
  let lines: Buffer[] | undefined;
  let from: string | undefined;
  let to: string | undefined;

  const usual: Readonly<Record<ReceiverCommand, () => string>> = {
    EHLO: () =>
      ['test.example', ...extensions].map((text, i) => `250${i === extensions.length ? ' ' : '-'}${text}`).join('\r\n'),
    MAIL: () => (from === undefined ? '250 m' : '503 nested MAIL'),
    RCPT: () => (from === undefined ? '503 MAIL first' : '250 r'),
    DATA: () => (to === undefined ? '554 no recipient' : '354 d'),
    dot: () => '250 q',
    RSET: () => '250 f',
    QUIT: () => '221 b',
    other: () => '500 unknown',
  };
  const answer = (command: ReceiverCommand): string => {
    const nth = (counts.get(command) ?? 0) + 1;
    counts.set(command, nth);
    return instead?.(command, nth) ?? usual[command]();
  };

  const onCommand = (text: string): string => {
    const command = commandOf(text);
    const reply = answer(command);
    const address = /<([^>]*)>/.exec(text)?.[1] ?? '';
    if (command === 'MAIL' && reply.startsWith('2')) from = address;
    if (command === 'RCPT' && reply.startsWith('2')) to = address;
    if (command === 'DATA' && reply.startsWith('354')) lines = [];
    if (command === 'RSET') from = to = undefined;
    return reply;
  };
  const onDot = (body: readonly Buffer[]): string => {
    const reply = to === undefined ? '554 no recipient' : answer('dot');
    if (reply.startsWith('2')) taken.push({ from: from ?? '', to: to ?? '', raw: Buffer.concat(body) });
    lines = from = to = undefined;
    return reply;
  };
  const onLine = (bytes: Buffer, end: Buffer): string => {
    if (lines === undefined) return `${onCommand(bytes.toString('latin1'))}\r\n`;
    if (bytes.length === 1 && bytes[0] === DOT) return `${onDot(lines)}\r\n`;
    lines.push(bytes[0] === DOT ? bytes.subarray(1) : bytes, end);
    return '';
  };
  /** How many bytes of `line` are the end of a line. */
  const endLength = (): number => {
    const [before, last] = [line.at(-2), line.at(-1)];
    if (last === LF && before === CR) return 2;
    return (last === LF && lineEnd === 'LF') || (last === CR && lineEnd === 'CR') ? 1 : 0;
  };

  return {
    taken: taken as readonly TakenMail[],
    greeting: '220 g\r\n',
    take: (byte: number): string => {
      // Where CR alone ends a line, the LF behind it is a part of that end.
      if (lineEnd === 'CR' && byte === LF && line.length === 0) return '';
      line.push(byte);
      const length = endLength();
      if (length === 0) return '';
      const bytes = Buffer.from(line);
      line = [];
      return onLine(bytes.subarray(0, bytes.length - length), bytes.subarray(bytes.length - length));
    },
  };
}

function commandOf(text: string): ReceiverCommand {
  const verb = text.slice(0, 4).toUpperCase();
  const known = (['EHLO', 'MAIL', 'RCPT', 'DATA', 'RSET', 'QUIT'] as const).find((command) => command === verb);
  return known ?? 'other';
}
