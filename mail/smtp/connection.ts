import { monotonic } from '../../clock.js';
import type { Outcome } from '../../domain/delivery/outcome.js';
import type { EnvelopeCommands } from './envelope.js';
import { MOST_TRIES, type QueuedMail } from './hand-over.js';
import type { Session } from './handshake.js';
import type { PipeliningMode } from './pipelining.js';
import { type Reply, type ReplyReader, replyReader } from './reply-reader.js';
import type { SmtpSettings } from './settings.js';

/** What a connection asks its pool. */
export interface ConnectionHost {
  readonly settings: SmtpSettings;
  readonly mode: PipeliningMode;
  /** The next mail whose envelope may go out behind the dot of another. */
  takeBehind(): QueuedMail | undefined;
  /** Puts a mail that was not handed over at the head of the queue. */
  giveBack(mail: QueuedMail): void;
  settle(mail: QueuedMail, outcome: Outcome): void;
  /** The connection can take the next mail. */
  idle(connection: Connection): void;
  gone(connection: Connection): void;
  /** Whether a mail whose MAIL was answered with 451 may be tried on another connection at once. */
  mayTryAgainAtOnce(): boolean;
}

/** The commands whose replies are awaited. */
export type Command = 'rset' | 'mail' | 'rcpt' | 'data' | 'dot' | 'lone_dot' | 'quit';

/** A mail whose envelope is under way. */
export interface Envelope {
  readonly mail: QueuedMail;
  readonly commands: EnvelopeCommands;
  readonly sentAt: number;
  /** The server may have closed the connection, or may be about to. */
  readonly isReused: boolean;
  /** RCPT and DATA were sent with MAIL. */
  readonly isPipelined: boolean;
  /** It was sent behind the dot of another mail. */
  readonly isBehind: boolean;
  /** To MAIL, RCPT and DATA, as far as they have arrived. */
  readonly replies: Reply[];
}

/** A mail whose body has begun. */
export interface Body {
  readonly mail: QueuedMail;
  readonly sentAt: number;
  /** `dot`: the final dot was given to the socket. */
  stage: 'body' | 'dot';
  dotAt: number;
}

/**
 * One conversation with a server (docs/architecture/protocol.md "The sender"): at most one mail whose body has begun, and
 * behind its dot at most one whose envelope was sent ahead.
 */
export interface Connection {
  readonly session: Session;
  readonly host: ConnectionHost;
  readonly reader: ReplyReader;
  /** In the order in which the replies must come. */
  readonly expected: Command[];
  body: Body | undefined;
  envelope: Envelope | undefined;
  /** `ending`: no mail follows the one whose reply is awaited, because what was sent behind its dot was taken back. */
  state: 'open' | 'ending' | 'quitting' | 'dead';
  /** Mails that were answered after their dot. */
  served: number;
  /** It has carried an envelope. */
  isUsed: boolean;
  /** A refusal has left a transaction open (RFC 5321 §4.1.1.5). */
  needsReset: boolean;
  /** Milliseconds from the last dot to its reply. */
  dotTook: number;
  /** When the last reply came; when the next is overdue. */
  heardAt: number;
  dueAt: number;
  /** For the bytes of a mail; used again once the socket has taken them. */
  buffer: Buffer;
}

const FIRST_BUFFER = 65_536;
/** A connection that is older than this before its first mail may be closed by the server at any moment. */
const NEW_FOR = 1_000;

export function newConnection(session: Session, host: ConnectionHost): Connection {
  return {
    session,
    host,
    reader: replyReader(),
    expected: [],
    body: undefined,
    envelope: undefined,
    state: 'open',
    served: 0,
    isUsed: false,
    needsReset: false,
    dotTook: Number.POSITIVE_INFINITY,
    heardAt: monotonic(),
    dueAt: Number.POSITIVE_INFINITY,
    buffer: Buffer.allocUnsafe(FIRST_BUFFER),
  };
}

export function isIdle({ state, body, envelope, expected }: Connection): boolean {
  return state === 'open' && body === undefined && envelope === undefined && expected.length === 0;
}

/** It has carried no envelope and was opened a moment ago. */
export function isNew({ isUsed, heardAt }: Connection): boolean {
  return !isUsed && monotonic() - heardAt < NEW_FOR;
}

/** For commands that are not sent ahead: a reply that is there already would be taken for theirs. */
export function sendCommand(connection: Connection, text: string): void {
  if (!connection.reader.isEmpty()) {
    die(connection, 'a reply before its command');
    return;
  }
  connection.dueAt = monotonic() + connection.host.settings.times.smtpCommand;
  connection.session.socket.write(text);
}

/**
 * After so many returns without a fault of its own, a further one counts as a try. As many losses end all pipelining, so
 * that a server that cannot cope with it gets each mail.
 */
export const MOST_RETURNS = 4;

/**
 * Ends the conversation at once; bytes that the socket still has are not sent. A mail whose body has begun is uncertain,
 * one whose envelope was under way was not handed over.
 */
export function die(connection: Connection, what: string): void {
  if (connection.state === 'dead') return;
  const { body, envelope, host, session } = connection;
  const wasQuitting = connection.state === 'quitting';
  connection.state = 'dead';
  connection.body = undefined;
  connection.envelope = undefined;
  connection.expected.length = 0;
  if (wasQuitting) session.raw.destroy();
  else abort(session);
  host.gone(connection);
  if (envelope !== undefined) loseEnvelope(host, envelope, what);
  if (body !== undefined) host.settle(body.mail, { kind: 'uncertain', why: { stage: body.stage, what } });
}

/** Only a reset of the TCP connection drops what was written and not sent; destroying it would still send that. */
function abort({ socket, raw }: Session): void {
  if (!raw.destroyed) raw.resetAndDestroy();
  if (socket !== raw) socket.destroy();
}

/** What becomes of a mail whose connection ended before its body. */
function loseEnvelope(host: ConnectionHost, envelope: Envelope, what: string): void {
  const { mail, replies, isPipelined, isBehind, isReused } = envelope;
  const isUnanswered = replies.length === 0;
  const isCutShort = isPipelined && !isUnanswered;
  if (isBehind && isUnanswered) host.mode.lost('across', what);
  else if (isCutShort) host.mode.lost('within', what);
  // No fault of this mail: it was sent ahead, or the server had closed the connection before.
  const isInnocent = isBehind || isCutShort || (isReused && isUnanswered);
  if (isInnocent && mail.returns < MOST_RETURNS) {
    returnMail(host, mail);
    return;
  }
  mail.tries += 1;
  mail.fresh = true;
  if (mail.tries < MOST_TRIES) host.giveBack(mail);
  else host.settle(mail, { kind: 'not_handed_over', why: { stage: 'envelope', what } });
}

/** Gives a mail back that was not handed over, without counting a try; it is sent on a connection of its own. */
export function returnMail(host: ConnectionHost, mail: QueuedMail): void {
  mail.returns += 1;
  mail.fresh = true;
  host.giveBack(mail);
}
