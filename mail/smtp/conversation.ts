import { monotonic } from '../../clock.js';
import type { Outcome, SmtpReply } from '../../domain/delivery/outcome.js';
import { scrubbed } from '../../domain/delivery/scrub.js';
import { sendBody } from './body.js';
import { commandsBehind, DATA, sendMail } from './commands.js';
import {
  type Command,
  type Connection,
  type ConnectionHost,
  die,
  type Envelope,
  isIdle,
  MOST_RETURNS,
  newConnection,
  returnMail,
  sendCommand,
} from './connection.js';
import { type EnvelopeVerdict, verdictOf } from './envelope.js';
import { isAllowed, NOT_BEGUN, type QueuedMail } from './hand-over.js';
import type { Session } from './handshake.js';
import { type Reply, textOf } from './reply-reader.js';

/** Begins the conversation on a session past EHLO and AUTH. */
export function openConnection(session: Session, host: ConnectionHost): Connection {
  const connection = newConnection(session, host);
  const { socket, raw } = session;
  socket.on('data', (chunk: Buffer) => onData(connection, chunk));
  socket.on('end', () => die(connection, 'Connection closed by the server'));
  for (const side of new Set([socket, raw])) {
    side.on('error', (error) => die(connection, error.message));
    side.on('close', () => die(connection, 'Connection closed'));
  }
  if (raw.destroyed || socket.destroyed) die(connection, 'Connection closed');
  else socket.resume();
  return connection;
}

function onData(connection: Connection, chunk: Buffer): void {
  connection.reader.push(chunk);
  while (connection.state !== 'dead') {
    const reply = connection.reader.next();
    if (reply === 'more') return;
    if (reply === 'violation') die(connection, 'the server sent something that is no SMTP reply');
    else onReply(connection, reply);
  }
}

function onReply(connection: Connection, reply: Reply): void {
  const command = connection.expected.shift();
  connection.heardAt = monotonic();
  connection.dueAt = connection.heardAt + connection.host.settings.times.smtpCommand;
  if (command === undefined) onUnexpected(connection, reply);
  else if (command === 'dot') onDotReply(connection, reply);
  else if (command === 'quit') die(connection, 'closed');
  else if (command === 'rset' || command === 'lone_dot') onHousekeeping(connection, command, reply);
  else onEnvelopeReply(connection, command, reply);
}

/** A refusal while the body is sent: the server still waits for the dot, so the connection cannot be used again. */
function onUnexpected(connection: Connection, reply: Reply): void {
  const { body, host } = connection;
  if (body?.stage !== 'body' || !isRefusal(reply)) {
    die(connection, `unexpected reply ${reply.code}`);
    return;
  }
  connection.body = undefined;
  die(connection, 'refused within the body');
  settleReplied(host, body.mail, body.sentAt, refusalOf(reply, true));
}

/** The reply to RSET, or to the dot of a mail that is refused already, decides about no mail. */
function onHousekeeping(connection: Connection, command: 'rset' | 'lone_dot', reply: Reply): void {
  if (command === 'rset' ? reply.code !== 250 : reply.code === 421 || (reply.code !== 250 && !isRefusal(reply))) {
    const { envelope, host } = connection;
    connection.envelope = undefined;
    die(connection, `unexpected reply ${reply.code}`);
    if (envelope !== undefined) returnMail(host, envelope.mail);
    return;
  }
  const { envelope } = connection;
  if (isIdle(connection)) connection.host.idle(connection);
  else if (envelope !== undefined && !envelope.isPipelined) sendMail(connection, envelope.commands);
}

function onEnvelopeReply(connection: Connection, command: Command, reply: Reply): void {
  const { envelope } = connection;
  if (envelope === undefined) {
    die(connection, `unexpected reply ${reply.code}`);
    return;
  }
  envelope.replies.push(reply);
  if (reply.code === 421 || command === 'data' || (!envelope.isPipelined && isRefusal(reply))) {
    endEnvelope(connection, envelope);
  } else if (!envelope.isPipelined) {
    connection.expected.push(command === 'mail' ? 'rcpt' : 'data');
    sendCommand(connection, command === 'mail' ? envelope.commands.rcpt : DATA);
  }
}

function endEnvelope(connection: Connection, envelope: Envelope): void {
  const { host, reader } = connection;
  const verdict = verdictOf(envelope.replies);
  // Nothing may have arrived behind a 354 (RFC 2920 §3.1): it would be taken for the reply to the dot.
  if (verdict.kind === 'violation' || (verdict.kind === 'go' && !reader.isEmpty())) {
    die(connection, `unexpected reply ${envelope.replies.at(-1)?.code}`);
    return;
  }
  connection.envelope = undefined;
  if (verdict.kind === 'refused') onRefusedEnvelope(connection, envelope, verdict);
  else if (isAllowed(envelope.mail.order)) sendBody(connection, envelope, commandsBehind);
  else {
    die(connection, 'no longer allowed');
    host.settle(envelope.mail, NOT_BEGUN);
  }
}

function onRefusedEnvelope(
  connection: Connection,
  envelope: Envelope,
  { reply, next }: Extract<EnvelopeVerdict, { kind: 'refused' }>,
): void {
  const { host } = connection;
  const { mail, sentAt } = envelope;
  if (isNoFaultOf(connection, envelope, reply)) {
    die(connection, `refused with ${reply.code}`);
    returnMail(host, mail);
    return;
  }
  connection.needsReset = true;
  if (next === 'destroy') die(connection, `refused with ${reply.code}`);
  if (next === 'lone_dot') {
    connection.expected.push('lone_dot');
    sendCommand(connection, '.\r\n');
  }
  settleReplied(host, mail, sentAt, refusalOf(reply, envelope.replies.indexOf(reply) >= 2));
  if (isIdle(connection)) host.idle(connection);
}

/** Whether the refusal is about this connection or about commands that were sent ahead: another connection may do better. */
function isNoFaultOf({ host }: Connection, envelope: Envelope, reply: Reply): boolean {
  const { mail, replies, isReused, isPipelined, isBehind } = envelope;
  if ([500, 502, 503].includes(reply.code) && isPipelined && mail.returns < MOST_RETURNS) {
    host.mode.lost(isBehind ? 'across' : 'within', `reply ${reply.code}`);
    return true;
  }
  if (!isReused || mail.returns > 0 || replies[0] !== reply) return false;
  return reply.code === 421 || (reply.code === 451 && host.mayTryAgainAtOnce());
}

function onDotReply(connection: Connection, reply: Reply): void {
  const { body, host, envelope, state } = connection;
  if (body === undefined) {
    die(connection, `unexpected reply ${reply.code}`);
    return;
  }
  connection.body = undefined;
  connection.served += 1;
  connection.dotTook = connection.heardAt - body.dotAt;
  const outcome = outcomeOfDot(reply);
  // A server that left DATA early may read body lines as commands: nothing behind a refused dot is believed.
  const isOver = outcome.kind === 'uncertain' || reply.code === 421 || state === 'ending';
  if (isOver || (outcome.kind === 'refused' && envelope !== undefined))
    die(connection, `reply ${reply.code} to the dot`);
  if (outcome.kind === 'uncertain') host.settle(body.mail, outcome);
  else settleReplied(host, body.mail, body.sentAt, outcome);
  if (isIdle(connection)) host.idle(connection);
}

function outcomeOfDot(reply: Reply): Outcome {
  if (reply.code === 250) return { kind: 'accepted', reply: { code: 250, text: textOf(reply) } };
  if (isRefusal(reply)) return refusalOf(reply, true);
  return { kind: 'uncertain', why: { stage: 'dot', what: `unexpected reply ${reply.code}` } };
}

function settleReplied({ settings, settle }: ConnectionHost, mail: QueuedMail, sentAt: number, outcome: Outcome): void {
  settings.recordDuration('mail', monotonic() - sentAt);
  settle(mail, outcome);
}

/** `isAfterRcpt`: RCPT was accepted. */
function refusalOf(reply: Reply, isAfterRcpt: boolean): { kind: 'refused'; reply: SmtpReply } {
  const said = { code: reply.code, text: scrubbed(textOf(reply)) };
  return { kind: 'refused', reply: isAfterRcpt ? { ...said, isAfterRcpt } : said };
}

/** RFC 5321 §4.2.1: only 4xx and 5xx refuse. */
function isRefusal({ code }: Reply): boolean {
  return code >= 400;
}
