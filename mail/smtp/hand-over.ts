import type { Socket } from 'node:net';
import type { ConnectionTrouble, Outcome, SmtpReply } from '../../domain/outcome.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import { scrubbed } from '../../domain/scrub.js';
import type { SplicedMail } from '../letter.js';
import { bodyStream } from './body.js';
import { deadline } from './deadline.js';
import { type Session, type SmtpError, troubleOf } from './session.js';

/** What the mail came to, and what its connection is good for now. */
export interface Handed {
  readonly outcome: Outcome;
  readonly next: 'idle' | 'reset' | 'destroy';
}

type Stage = Exclude<ConnectionTrouble['stage'], 'connect'>;
type Times = Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;

/**
 * One mail on one connection. The stage moves from envelope (nothing of the body left, safe to repeat) over body to dot;
 * whatever goes wrong is judged by the stage it went wrong in. Never rejects.
 */
export function handOver(
  session: Session,
  mail: SplicedMail,
  order: { mayBegin(): boolean },
  times: Times,
): Promise<Handed> {
  const { smtp } = session;
  const socket = (smtp._socket || undefined) as Socket | undefined;
  return new Promise((resolve) => {
    let stage: Stage = 'envelope';
    const finish = (handed: Handed) => {
      limit.stop();
      socket?.off('data', heard);
      session.cut = undefined;
      if (handed.next === 'destroy') smtp.close();
      resolve(handed);
    };
    const cut = (what: string) => finish(lost(stage, { stage, what }));
    let limit = deadline(times.smtpCommand, () => cut('no reply in time'));
    // replies to pipelined commands come one by one, and each has its own time
    const heard = () => {
      if (stage === 'envelope') limit.refresh();
    };
    const body = bodyStream(mail.chunks, {
      socket: () => socket,
      mayStart() {
        const allowed = order.mayBegin();
        if (allowed && isGoAhead(smtp.lastServerResponse)) return true;
        cut(allowed ? 'unexpected reply to DATA' : 'no longer allowed');
        return false;
      },
      moved() {
        stage = 'body';
        limit.refresh();
      },
      mayEnd() {
        if (!order.mayBegin()) {
          cut('no longer allowed');
          return false;
        }
        stage = 'dot';
        limit.stop();
        limit = deadline(times.smtpDot, () => cut('no reply to the dot in time'));
        return true;
      },
    });
    session.cut = cut;
    socket?.on('data', heard);
    const size = mail.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    smtp.send({ from: mail.envelope.from, to: [mail.envelope.to], size }, body, (error, info) =>
      finish(error ? failed(stage, error) : answered(stage, replyOf(info?.response ?? ''))),
    );
  });
}

function isGoAhead(reply: string | false): boolean {
  return reply !== false && reply.startsWith('354');
}

function answered(stage: Stage, reply: SmtpReply): Handed {
  if (stage === 'dot') return { outcome: { kind: 'accepted', reply }, next: 'idle' };
  return lost(stage, { stage, what: `reply ${reply.code} before the end of the mail` });
}

/** RFC 5321 §4.2.1: only 4xx and 5xx refuse; any other unexpected reply says that the two sides have lost step. */
function failed(stage: Stage, error: SmtpError): Handed {
  if (isTooLarge(error)) {
    const reply = { code: 552, text: '5.3.4 larger than the size the server announced' };
    return { outcome: { kind: 'refused', reply }, next: 'idle' };
  }
  const reply = replyOf(error.response ?? '');
  const answersUs = error.code !== 'EPROTOCOL' && reply.code >= 400 && reply.code < 600;
  if (!answersUs) return lost(stage, troubleOf(stage, error));
  return {
    outcome: { kind: 'refused', reply: { ...reply, text: scrubbed(reply.text) } },
    next: afterRefusal(stage, reply),
  };
}

/** A refusal in mid-body leaves a mail without its dot on the line: nothing else may follow there. */
function afterRefusal(stage: Stage, reply: SmtpReply): Handed['next'] {
  if (reply.code === 421 || stage === 'body') return 'destroy';
  return stage === 'dot' ? 'idle' : 'reset';
}

function lost(stage: Stage, why: ConnectionTrouble): Handed {
  return { outcome: { kind: stage === 'envelope' ? 'not_handed_over' : 'uncertain', why }, next: 'destroy' };
}

/** RFC 1870 §6.3: the server said so in EHLO, nothing was sent. */
function isTooLarge(error: SmtpError): boolean {
  return error.code === 'EMESSAGE' && error.command === 'MAIL FROM' && error.response === undefined;
}

/** The digits of the last line and the text of all lines. */
export function replyOf(response: string): SmtpReply {
  const lines = response.split(/\r?\n/);
  const code = Number(/^\d{3}/.exec(lines.at(-1) ?? '')?.[0] ?? 0);
  return { code, text: lines.map((line) => line.replace(/^\d{3}[ -]?/, '')).join(' ') };
}
