import { monotonic } from '../../clock.js';
import { type Body, type Connection, die, type Envelope } from './connection.js';
import { sizeOf } from './hand-over.js';

/**
 * The longest mail that is written in one piece with its dot. The send buffer of a kernel takes it at once: it is empty,
 * because the server has answered everything that was sent before.
 */
const ONE_WRITE = 32_768;
const SLICE = 65_536;
const END = '\r\n.\r\n';
/** Also behind a CR or LF alone, which some servers take for the end of a line. */
const STUFFING = /(^|[\r\n])\./g;

/** The commands to send behind the dot; empty for none. */
type CommandsBehind = (connection: Connection) => string;

/** Sends the body after 354. What follows the dot is chosen when the dot is written. */
export function sendBody(connection: Connection, { mail, sentAt }: Envelope, commandsBehind: CommandsBehind): void {
  const body: Body = { mail, sentAt, stage: 'body', dotAt: 0 };
  connection.body = body;
  const size = sizeOf(mail.mail);
  if (size > ONE_WRITE || connection.session.socket.writableLength > 0) {
    sendSlices(connection, body, stuffed(Buffer.concat(mail.mail.chunks, size)), commandsBehind);
    return;
  }
  const { buffer } = connection;
  let at = 0;
  for (const chunk of mail.mail.chunks) at += chunk.copy(buffer, at);
  if (needsStuffing(buffer.subarray(0, at))) {
    sendSlices(connection, body, stuffed(buffer.subarray(0, at)), commandsBehind);
    return;
  }
  at += buffer.write(endOf(buffer, at) + afterDot(connection, body, commandsBehind), at);
  connection.session.socket.write(buffer.subarray(0, at));
}

/**
 * Each slice waits until the kernel has taken the one before, and lets replies be read in between. All together have as
 * long as the reply to the dot, however little the server reads at a time.
 */
function sendSlices(connection: Connection, body: Body, bytes: Buffer, commandsBehind: CommandsBehind): void {
  const { session, host } = connection;
  const { smtpCommand, smtpDot } = host.settings.times;
  const endBy = monotonic() + smtpDot;
  let at = 0;
  const next = () => {
    if (connection.body !== body) return;
    if (at < bytes.length) {
      connection.dueAt = Math.min(monotonic() + smtpCommand, endBy);
      const slice = bytes.subarray(at, at + SLICE);
      at += slice.length;
      session.socket.write(slice, () => setImmediate(next));
      return;
    }
    // The dot would otherwise queue behind bytes that were allowed long ago. An aborted signal stops no mail that has begun.
    if (body.mail.order.mayBegin()) {
      const end = endOf(bytes, bytes.length);
      session.socket.write(end + afterDot(connection, body, commandsBehind));
    } else die(connection, 'no longer allowed');
  };
  next();
}

function afterDot(connection: Connection, body: Body, commandsBehind: CommandsBehind): string {
  body.stage = 'dot';
  body.dotAt = monotonic();
  connection.dueAt = body.dotAt + connection.host.settings.times.smtpDot;
  connection.expected.push('dot');
  return commandsBehind(connection);
}

/** The final dot on a line of its own (RFC 5321 §4.1.1.4). */
function endOf(bytes: Buffer, length: number): string {
  return bytes[length - 2] === 0x0d && bytes[length - 1] === 0x0a ? END.slice(2) : END;
}

/** RFC 5321 §4.5.2. Composed mails have no line that begins with a dot; this is for all others. */
function stuffed(bytes: Buffer): Buffer {
  if (!needsStuffing(bytes)) return bytes;
  return Buffer.from(bytes.toString('latin1').replace(STUFFING, '$1..'), 'latin1');
}

function needsStuffing(bytes: Buffer): boolean {
  return bytes[0] === 0x2e || bytes.includes('\n.') || bytes.includes('\r.');
}
