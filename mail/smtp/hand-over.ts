import type { Socket } from 'node:net';
import type { ConnectionTrouble, Outcome, SmtpReply } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { scrubbed } from '../../domain/delivery/scrub.js';
import type { SplicedMail } from '../letter/letter.js';
import { bodyStream } from './body.js';
import { deadline } from './deadline.js';
import { type Session, type SmtpError, troubleOf } from './session.js';

/** The outcome of the mail, and the next state of its connection. */
export interface HandOverResult {
  readonly outcome: Outcome;
  readonly next: 'idle' | 'reset' | 'destroy';
}

type Stage = Exclude<ConnectionTrouble['stage'], 'connect'>;
type Times = Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;

/**
 * Hands over one mail on one connection. The stage moves from envelope (no byte of the body sent, safe to repeat) to
 * body to dot, and decides what a failure means. Never rejects.
 */
export function handOver(
  session: Session,
  mail: SplicedMail,
  order: { mayBegin(): boolean },
  times: Times,
): Promise<HandOverResult> {
  const { smtp } = session;
  const socket = (smtp._socket || undefined) as Socket | undefined;
  return new Promise((resolve) => {
    let stage: Stage = 'envelope';
    const finish = (result: HandOverResult) => {
      limit.stop();
      socket?.off('data', onData);
      session.abort = undefined;
      if (result.next === 'destroy') smtp.close();
      resolve(result);
    };
    const abort = (what: string) => finish(connectionLost(stage, { stage, what }));
    let limit = deadline(times.smtpCommand, () => abort('no reply in time'));
    // Replies to pipelined commands arrive one by one, and each has its own time.
    const onData = () => {
      if (stage === 'envelope') limit.refresh();
    };
    const body = bodyStream(mail.chunks, {
      socket: () => socket,
      mayStart() {
        const allowed = order.mayBegin();
        if (allowed && isGoAhead(smtp.lastServerResponse)) return true;
        abort(allowed ? 'unexpected reply to DATA' : 'no longer allowed');
        return false;
      },
      moved() {
        stage = 'body';
        limit.refresh();
      },
      mayEnd() {
        if (!order.mayBegin()) {
          abort('no longer allowed');
          return false;
        }
        stage = 'dot';
        limit.stop();
        limit = deadline(times.smtpDot, () => abort('no reply to the dot in time'));
        return true;
      },
    });
    session.abort = abort;
    socket?.on('data', onData);
    const size = mail.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    smtp.send({ from: mail.envelope.from, to: [mail.envelope.to], size }, body, (error, info) =>
      finish(error ? resultOfError(stage, error) : resultOfReply(stage, replyOf(info?.response ?? ''))),
    );
  });
}

function isGoAhead(reply: string | false): boolean {
  return reply !== false && reply.startsWith('354');
}

function resultOfReply(stage: Stage, reply: SmtpReply): HandOverResult {
  if (stage === 'dot') return { outcome: { kind: 'accepted', reply }, next: 'idle' };
  return connectionLost(stage, { stage, what: `reply ${reply.code} before the end of the mail` });
}

/** RFC 5321 §4.2.1: only 4xx and 5xx refuse; after any other unexpected reply the connection is not usable. */
function resultOfError(stage: Stage, error: SmtpError): HandOverResult {
  if (isTooLarge(error)) {
    const reply = { code: 552, text: '5.3.4 larger than the size the server announced' };
    return { outcome: { kind: 'refused', reply }, next: 'idle' };
  }
  const reply = replyOf(error.response ?? '');
  const isReply = error.code !== 'EPROTOCOL' && reply.code >= 400 && reply.code < 600;
  if (!isReply) return connectionLost(stage, troubleOf(stage, error));
  return {
    outcome: { kind: 'refused', reply: { ...reply, text: scrubbed(reply.text) } },
    next: afterRefusal(stage, reply),
  };
}

/** After a refusal within the body the server still waits for the dot: the connection cannot be used again. */
function afterRefusal(stage: Stage, reply: SmtpReply): HandOverResult['next'] {
  if (reply.code === 421 || stage === 'body') return 'destroy';
  return stage === 'dot' ? 'idle' : 'reset';
}

function connectionLost(stage: Stage, why: ConnectionTrouble): HandOverResult {
  return { outcome: { kind: stage === 'envelope' ? 'not_handed_over' : 'uncertain', why }, next: 'destroy' };
}

/** RFC 1870 §6.3: the server announced its limit in EHLO; nothing was sent. */
function isTooLarge(error: SmtpError): boolean {
  return error.code === 'EMESSAGE' && error.command === 'MAIL FROM' && error.response === undefined;
}

/** The code of the last line and the text of all lines. */
function replyOf(response: string): SmtpReply {
  const lines = response.split(/\r?\n/);
  const code = Number(/^\d{3}/.exec(lines.at(-1) ?? '')?.[0] ?? 0);
  return { code, text: lines.map((line) => line.replace(/^\d{3}[ -]?/, '')).join(' ') };
}
