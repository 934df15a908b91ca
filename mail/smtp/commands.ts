import { monotonic } from '../../clock.js';
import { type Connection, isNew, sendCommand } from './connection.js';
import { type EnvelopeCommands, envelopeCommands } from './envelope.js';
import { type QueuedMail, sizeOf } from './hand-over.js';

/** Envelopes are sent ahead only while the server answers dots faster than this, in milliseconds. */
const FAST_DOT = 1_000;
const QUIT_WITHIN = 1_000;
export const DATA = 'DATA\r\n';

/** Sends the envelope of a mail on an idle connection; false: the mail is settled without a command. */
export function start(connection: Connection, mail: QueuedMail): boolean {
  const { session, host, needsReset } = connection;
  const commands = envelopeCommands(mail.mail, sizeOf(mail), session.capabilities);
  if ('code' in commands) {
    host.settle(mail, { kind: 'refused', reply: commands });
    return false;
  }
  const isPipelined = session.capabilities.pipelining && host.mode.current() !== 'none';
  const isReused = !isNew(connection);
  connection.envelope = { mail, commands, sentAt: monotonic(), isReused, isPipelined, isBehind: false, replies: [] };
  connection.needsReset = false;
  connection.isUsed = true;
  if (needsReset) connection.expected.push('rset');
  if (isPipelined) sendEnvelope(connection, commands, needsReset ? 'RSET\r\n' : '');
  else if (needsReset) sendCommand(connection, 'RSET\r\n');
  else sendMail(connection, commands);
  return true;
}

function sendEnvelope(connection: Connection, commands: EnvelopeCommands, before: string): void {
  connection.expected.push('mail', 'rcpt', 'data');
  sendCommand(connection, before + commands.mail + commands.rcpt + DATA);
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
  for (;;) {
    const mail = host.takeBehind();
    if (mail === undefined) return '';
    const commands = envelopeCommands(mail.mail, sizeOf(mail), session.capabilities);
    if ('code' in commands) {
      host.settle(mail, { kind: 'refused', reply: commands });
      continue;
    }
    const isAhead = { isReused: true, isPipelined: true, isBehind: true };
    connection.envelope = { mail, commands, sentAt: monotonic(), ...isAhead, replies: [] };
    connection.expected.push('mail', 'rcpt', 'data');
    return commands.mail + commands.rcpt + DATA;
  }
}

/** Ends an idle connection with QUIT. */
export function quit(connection: Connection): void {
  connection.state = 'quitting';
  connection.expected.push('quit');
  sendCommand(connection, 'QUIT\r\n');
  connection.dueAt = monotonic() + QUIT_WITHIN;
}
