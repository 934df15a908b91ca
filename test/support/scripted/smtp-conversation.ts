import type { Socket } from 'node:net';
import type { Act, ReceivedMail, ServerState, Step } from './smtp-script.js';

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
  const conversation: Conversation = {
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
    conversation.rest = conversation.rest.length === 0 ? chunk : Buffer.concat([conversation.rest, chunk]);
    if (!conversation.busy) void work(conversation);
  });
  void greet(conversation);
}

async function greet(conversation: Conversation): Promise<void> {
  await perform(conversation, 'connect', '', () => '220 test.example ESMTP');
  await work(conversation);
}

async function work(conversation: Conversation): Promise<void> {
  conversation.busy = true;
  conversation.socket.cork();
  while (!conversation.socket.destroyed) {
    const step = conversation.body === undefined ? nextCommand(conversation) : nextBody(conversation);
    if (step === undefined) break;
    if (step !== true) {
      conversation.socket.uncork();
      await step;
      conversation.socket.cork();
    }
  }
  conversation.socket.uncork();
  conversation.busy = false;
}

/** Undefined: more bytes are needed. True: done at once. */
type Progress = Promise<void> | true | undefined;

function nextCommand(conversation: Conversation): Progress {
  const end = conversation.rest.indexOf('\r\n');
  if (end < 0) return undefined;
  const line = conversation.rest.toString('latin1', 0, end);
  conversation.rest = conversation.rest.subarray(end + 2);
  return command(conversation, line);
}

function nextBody(conversation: Conversation): Progress {
  if (conversation.body === 'begins' && conversation.rest.length > 0) {
    conversation.body = 'goes on';
    const act = ask(conversation, 'body', '');
    if (act !== undefined) return settled(act, (resolved) => follow(conversation, resolved));
  }
  const empty = conversation.rest.subarray(0, 3).equals(EMPTY_END);
  const found = empty ? -2 : conversation.rest.indexOf(END, conversation.scanned);
  conversation.scanned = Math.max(0, found === -1 ? conversation.rest.length - END.length : 0);
  if (found === -1) return undefined;
  const raw = conversation.rest.subarray(0, found + 2);
  conversation.rest = conversation.rest.subarray(found + END.length);
  conversation.body = undefined;
  return finishMail(conversation, raw);
}

function finishMail(conversation: Conversation, raw: Buffer): Progress {
  const { state } = conversation;
  const { from = '', to } = conversation;
  conversation.from = undefined;
  conversation.to = [];
  const keep = state.script.keepRaw ?? true;
  const messageId = /^message-id:\s*(<[^>]*>)/im.exec(raw.toString('latin1', 0, 4_096))?.[1] ?? '';
  const mail: ReceivedMail = { messageId, from, to, raw: keep ? Buffer.from(unstuffed(raw)) : undefined };
  return perform(conversation, 'dot', messageId, () => state.script.onData?.(mail) ?? '250 2.0.0 accepted', mail);
}

function unstuffed(raw: Buffer): Buffer {
  return raw.includes('\r\n..') || raw[0] === 0x2e
    ? Buffer.from(raw.toString('latin1').replace(/^\.\./gm, '.'), 'latin1')
    : raw;
}

function command(conversation: Conversation, line: string): Progress {
  const verb = line.slice(0, 4).toUpperCase();
  const argument = /<([^>]*)>/.exec(line)?.[1] ?? line.slice(5);
  const { script } = conversation.state;
  switch (verb) {
    case 'EHLO':
    case 'HELO':
      return perform(conversation, 'ehlo', argument, () => greeting(script.extensions ?? ['PIPELINING']));
    case 'AUTH':
      return perform(conversation, 'auth', argument, () => '235 2.7.0 welcome');
    case 'MAIL':
      return perform(conversation, 'mail', argument, () => {
        conversation.from = argument;
        conversation.to = [];
        return '250 2.1.0 sender ok';
      });
    case 'RCPT':
      return perform(conversation, 'rcpt', argument, () => {
        const refusal = conversation.from === undefined ? '503 5.5.1 MAIL first' : script.onRcpt?.(argument);
        if (refusal === undefined || refusal.startsWith('2')) conversation.to.push(argument);
        return refusal ?? '250 2.1.5 recipient ok';
      });
    case 'DATA':
      return perform(conversation, 'data', '', () =>
        conversation.to.length === 0 ? '554 5.5.1 no valid recipients' : '354 go ahead',
      );
    case 'RSET':
      conversation.from = undefined;
      return perform(conversation, 'rset', '', () => '250 2.0.0 flushed');
    case 'QUIT':
      return perform(conversation, 'quit', '', () => '221 2.0.0 bye');
    default:
      return reply(conversation, '502 5.5.2 not known');
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
function perform(
  conversation: Conversation,
  step: Step,
  argument: string,
  usual: () => string,
  mail?: ReceivedMail,
): Progress {
  const act = ask(conversation, step, argument);
  const go = (resolved: Act): Progress => {
    const text = resolved ?? usual();
    if (mail !== undefined && !/^[45]/.test(text)) accept(conversation.state, mail);
    return follow(conversation, text, step);
  };
  const waits = step === 'dot' ? conversation.state.held : undefined;
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

function settled(act: Act | Promise<Act>, go: (resolved: Act) => Progress): Progress {
  return act instanceof Promise ? act.then(async (resolved) => void (await go(resolved))) : go(act);
}

function follow(conversation: Conversation, act: Act, step?: Step): Progress {
  if (act === 'drop') {
    conversation.socket.destroy();
    return true;
  }
  if (act === 'silence') return new Promise<void>((resolve) => conversation.socket.once('close', () => resolve()));
  if (act === undefined) return true;
  if (step === 'data' && act.startsWith('354')) conversation.body = 'begins';
  return reply(conversation, act, step === 'quit' || act.startsWith('421'));
}

function reply({ socket }: Conversation, text: string, last = false): Progress {
  if (last) socket.end(`${text}\r\n`);
  else socket.write(`${text}\r\n`);
  return true;
}
