import { monotonic } from '../../clock.js';
import { type Connection, isNew, sendCommand } from './connection.js';
import { type EnvelopeCommands, envelopeCommands } from './envelope.js';
import { type QueuedMail, sizeOf } from './hand-over.js';

/** Envelopes are sent ahead only while the server answers dots faster than this, in milliseconds. */
const FAST_DOT = 1_000;
const QUIT_WITHIN = 1_000;
export const DATA = 'DATA\r\n';
const RSET = 'RSET\r\n';

/** Sends the envelope of a mail on an idle connection; false: the mail is settled without a command. */
export function start(connection: Connection, mail: QueuedMail): boolean {
  const { session, host, needsReset } = connection;
  const commands = commandsFor(connection, mail);
  if (commands === undefined) return false;
  const isPipelined = session.capabilities.pipelining && host.mode.current() !== 'none';
  const isReused = !isNew(connection);
  connection.envelope = { mail, commands, sentAt: monotonic(), isReused, isPipelined, isBehind: false, replies: [] };
  connection.needsReset = false;
  connection.isUsed = true;
  if (needsReset) connection.expected.push('rset');
  if (isPipelined) sendCommand(connection, (needsReset ? RSET : '') + allCommands(connection, commands));
  else if (needsReset) sendCommand(connection, RSET);
  else sendMail(connection, commands);
  return true;
}

/** The commands of a mail; undefined: the server announced that it would refuse them, and the mail is settled. */
function commandsFor({ session, host }: Connection, mail: QueuedMail): EnvelopeCommands | undefined {
  const commands = envelopeCommands(mail.mail, sizeOf(mail.mail), session.capabilities);
  if (!('code' in commands)) return commands;
  host.settle(mail, { kind: 'refused', reply: commands });
  return undefined;
}

/** The commands of an envelope in one text; their replies are expected from now on. */
function allCommands({ expected }: Connection, { mail, rcpt }: EnvelopeCommands): string {
  expected.push('mail', 'rcpt', 'data');
  return mail + rcpt + DATA;
}

export function sendMail(connection: Connection, { mail }: EnvelopeCommands): void {
  connection.expected.push('mail');
  sendCommand(connection, mail);
}

/** Takes the next mail of the queue, if it may be sent ahead, and returns its commands; else an empty text. */
export function commandsBehind(connection: Connection): string {
  const { session, host, served, dotTook, state } = connection;
  if (state !== 'open' || dotTook > FAST_DOT || !session.capabilities.pipelining) return '';
  if (host.mode.current() !== 'across' || served + 1 >= host.settings.messages) return '';
  for (let mail = host.takeBehind(); mail !== undefined; mail = host.takeBehind()) {
    const commands = commandsFor(connection, mail);
    if (commands === undefined) continue;
    const isAhead = { isReused: true, isPipelined: true, isBehind: true };
    connection.envelope = { mail, commands, sentAt: monotonic(), ...isAhead, replies: [] };
    return allCommands(connection, commands);
  }
  return '';
}

/** Ends an idle connection with QUIT. */
export function quit(connection: Connection): void {
  connection.state = 'quitting';
  connection.expected.push('quit');
  sendCommand(connection, 'QUIT\r\n');
  connection.dueAt = monotonic() + QUIT_WITHIN;
}
