import type { Socket } from 'node:net';
import type { Act, ReceivedMail, ServerState, Step } from './smtp-server.js';

const END = Buffer.from('\r\n.\r\n');
const EMPTY_END = END.subarray(2);

interface Conversation {
  readonly socket: Socket;
  readonly state: ServerState;
  /** Bytes not yet understood. */
  rest: Buffer;
  /** How far `rest` is known not to hold the end of a mail. */
  scanned: number;
  /** Undefined outside of DATA. */
  body: 'begins' | 'goes on' | undefined;
  from: string | undefined;
  to: string[];
  busy: boolean;
}

/** Speaks SMTP on one socket, one command after the other, also when they come pipelined. */
export function smtpConversation(socket: Socket, state: ServerState): void {
  const talk: Conversation = {
    socket,
    state,
    rest: Buffer.alloc(0),
    scanned: 0,
    body: undefined,
    from: undefined,
    to: [],
    busy: true,
  };
  socket.on('data', (chunk) => {
    talk.rest = talk.rest.length === 0 ? chunk : Buffer.concat([talk.rest, chunk]);
    if (!talk.busy) void work(talk);
  });
  void greet(talk);
}

async function greet(talk: Conversation): Promise<void> {
  await perform(talk, 'connect', '', () => '220 test.example ESMTP');
  await work(talk);
}

async function work(talk: Conversation): Promise<void> {
  talk.busy = true;
  talk.socket.cork();
  while (!talk.socket.destroyed) {
    const step = talk.body === undefined ? nextCommand(talk) : nextBody(talk);
    if (step === undefined) break;
    if (step !== true) {
      talk.socket.uncork();
      await step;
      talk.socket.cork();
    }
  }
  talk.socket.uncork();
  talk.busy = false;
}

/** Undefined: more bytes are needed. True: done at once. */
type Progress = Promise<void> | true | undefined;

function nextCommand(talk: Conversation): Progress {
  const end = talk.rest.indexOf('\r\n');
  if (end < 0) return undefined;
  const line = talk.rest.toString('latin1', 0, end);
  talk.rest = talk.rest.subarray(end + 2);
  return command(talk, line);
}

function nextBody(talk: Conversation): Progress {
  if (talk.body === 'begins' && talk.rest.length > 0) {
    talk.body = 'goes on';
    const act = ask(talk, 'body', '');
    if (act !== undefined) return settled(act, (told) => follow(talk, told));
  }
  const empty = talk.rest.subarray(0, 3).equals(EMPTY_END);
  const found = empty ? -2 : talk.rest.indexOf(END, talk.scanned);
  talk.scanned = Math.max(0, found === -1 ? talk.rest.length - END.length : 0);
  if (found === -1) return undefined;
  const raw = talk.rest.subarray(0, found + 2);
  talk.rest = talk.rest.subarray(found + END.length);
  talk.body = undefined;
  return finishMail(talk, raw);
}

function finishMail(talk: Conversation, raw: Buffer): Progress {
  const { state } = talk;
  const { from = '', to } = talk;
  talk.from = undefined;
  talk.to = [];
  const keep = state.script.keepRaw ?? true;
  const messageId = /^message-id:\s*(<[^>]*>)/im.exec(raw.toString('latin1', 0, 4_096))?.[1] ?? '';
  const mail: ReceivedMail = { messageId, from, to, raw: keep ? Buffer.from(unstuffed(raw)) : undefined };
  return perform(talk, 'dot', messageId, () => state.script.onData?.(mail) ?? '250 2.0.0 accepted', mail);
}

function unstuffed(raw: Buffer): Buffer {
  return raw.includes('\r\n..') || raw[0] === 0x2e
    ? Buffer.from(raw.toString('latin1').replace(/^\.\./gm, '.'), 'latin1')
    : raw;
}

function command(talk: Conversation, line: string): Progress {
  const verb = line.slice(0, 4).toUpperCase();
  const argument = /<([^>]*)>/.exec(line)?.[1] ?? line.slice(5);
  const { script } = talk.state;
  switch (verb) {
    case 'EHLO':
    case 'HELO':
      return perform(talk, 'ehlo', argument, () => greeting(script.extensions ?? ['PIPELINING']));
    case 'AUTH':
      return perform(talk, 'auth', argument, () => '235 2.7.0 welcome');
    case 'MAIL':
      return perform(talk, 'mail', argument, () => {
        talk.from = argument;
        talk.to = [];
        return '250 2.1.0 sender ok';
      });
    case 'RCPT':
      return perform(talk, 'rcpt', argument, () => {
        const refusal = talk.from === undefined ? '503 5.5.1 MAIL first' : script.onRcpt?.(argument);
        if (refusal === undefined || refusal.startsWith('2')) talk.to.push(argument);
        return refusal ?? '250 2.1.5 recipient ok';
      });
    case 'DATA':
      return perform(talk, 'data', '', () => (talk.to.length === 0 ? '554 5.5.1 no valid recipients' : '354 go ahead'));
    case 'RSET':
      talk.from = undefined;
      return perform(talk, 'rset', '', () => '250 2.0.0 flushed');
    case 'QUIT':
      return perform(talk, 'quit', '', () => '221 2.0.0 bye');
    default:
      return reply(talk, '502 5.5.2 not known');
  }
}

function greeting(extensions: readonly string[]): string {
  const lines = ['test.example', ...extensions];
  return lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
}

function ask({ state }: Conversation, step: Step, argument: string): Act | Promise<Act> {
  state.steps[step] += 1;
  const act = state.script.on?.(step, argument, state.steps[step]);
  state.changed();
  return act;
}

/** Does what the script says at this step, else the usual. A mail whose reply is lost counts as accepted. */
function perform(talk: Conversation, step: Step, argument: string, usual: () => string, mail?: ReceivedMail): Progress {
  const act = ask(talk, step, argument);
  const go = (told: Act): Progress => {
    const answer = told ?? usual();
    if (mail !== undefined && !/^[45]/.test(answer)) accept(talk.state, mail);
    return follow(talk, answer, step);
  };
  const waits = step === 'dot' ? talk.state.held : undefined;
  if (waits !== undefined) {
    return waits.then(async () => {
      await settled(act, go);
    });
  }
  return settled(act, go);
}

function accept(state: ServerState, mail: ReceivedMail): void {
  state.accepted.push(mail);
  state.changed();
}

function settled(act: Act | Promise<Act>, go: (told: Act) => Progress): Progress {
  return act instanceof Promise ? act.then(async (told) => void (await go(told))) : go(act);
}

function follow(talk: Conversation, act: Act, step?: Step): Progress {
  if (act === 'drop') {
    talk.socket.destroy();
    return true;
  }
  if (act === 'silence') return new Promise<void>((resolve) => talk.socket.once('close', () => resolve()));
  if (act === undefined) return true;
  if (step === 'data' && act.startsWith('354')) talk.body = 'begins';
  return reply(talk, act, step === 'quit' || act.startsWith('421'));
}

function reply({ socket }: Conversation, text: string, last = false): Progress {
  if (last) socket.end(`${text}\r\n`);
  else socket.write(`${text}\r\n`);
  return true;
}
