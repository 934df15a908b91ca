import type { Socket } from 'node:net';
import { scrubbed } from '../../domain/delivery/scrub.js';
import { type Reply, replyReader, textOf } from './reply-reader.js';

export type Dialogue = ReturnType<typeof dialogueOn>;

/** The words that classification and probes look for in the trouble of a connection. */
export type SmtpFailureCode = 'EAUTH' | 'ENOAUTH' | 'ETLS' | 'EREQUIRETLS' | 'ECONNECTION' | 'ETIMEDOUT' | 'EPROTOCOL';

export function smtpFailure(code: SmtpFailureCode, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

export function replyText(reply: Reply): string {
  return scrubbed(`${reply.code} ${textOf(reply)}`);
}

/** The replies that arrive on a socket, until `end`. Rejects where the connection is lost. */
function repliesOn(socket: Socket) {
  const reader = replyReader();
  let failure: Error | undefined;
  let notify: (() => void) | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    notify?.();
  };
  const onData = (chunk: Buffer) => {
    reader.push(chunk);
    notify?.();
  };
  const onEnd = () => fail(smtpFailure('ECONNECTION', 'Connection closed by the server'));
  socket.on('data', onData).on('error', fail).on('end', onEnd).on('close', onEnd);
  return {
    isEmpty: reader.isEmpty,
    next: async (): Promise<Reply> => {
      for (;;) {
        const reply = reader.next();
        if (reply === 'violation') throw smtpFailure('EPROTOCOL', 'the server sent something that is no SMTP reply');
        if (reply !== 'more') return reply;
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    },
    /** Leaves the socket paused and without these listeners. */
    end: (): void => {
      socket.pause();
      socket.off('data', onData).off('error', fail).off('end', onEnd).off('close', onEnd);
    },
  };
}

/** One command after the other, each with its reply: the beginning of a session. */
export function dialogueOn(socket: Socket) {
  const replies = repliesOn(socket);
  let says = '';
  const reply = async (): Promise<Reply> => {
    const next = await replies.next();
    says = replyText(next);
    return next;
  };
  const ask = async (command: string): Promise<Reply> => {
    // A reply that is there before its command would be taken for the reply to it.
    if (!replies.isEmpty()) throw smtpFailure('EPROTOCOL', 'the server sent a reply before its command');
    socket.write(`${command}\r\n`);
    return reply();
  };
  return {
    socket,
    /** Sends a command and returns its reply, whatever it is. */
    ask,
    /** Sends a command; rejects unless the reply has one of the codes. */
    command: async (command: string, codes: readonly number[], failureCode: SmtpFailureCode): Promise<Reply> =>
      demand(await ask(command), codes, nameOf(command), failureCode),
    greeting: async (): Promise<Reply> => demand(await reply(), [220], 'the greeting', 'ECONNECTION'),
    /** The last reply. */
    says: () => says,
    isIdle: replies.isEmpty,
    end: replies.end,
  };
}

function demand(reply: Reply, codes: readonly number[], what: string, failureCode: SmtpFailureCode): Reply {
  if (codes.includes(reply.code)) return reply;
  throw smtpFailure(failureCode, `${what} was refused: ${replyText(reply)}`);
}

/** The command without its arguments, which may be a secret. */
function nameOf(command: string): string {
  return /^(?:STARTTLS|EHLO|HELO|AUTH [A-Z0-9-]+)/.exec(command)?.[0] ?? 'AUTH';
}
