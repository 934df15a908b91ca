import type { Socket } from 'node:net';

/** Where in a mail a trouble occurs; `dot`: after its final dot, `body`: before it. */
type MailPhase = 'mail' | 'rcpt' | 'data' | 'body' | 'dot';

/** What the receiver does to a share of the mails while it lasts. */
export interface ReceiverTrouble {
  readonly phase: MailPhase;
  readonly share: number;
  /** A reply that refuses the command, or `drop`: the connection is broken. */
  readonly act: string;
}

export interface ConversationDeps {
  /** What happens in this phase of this mail; undefined: nothing. */
  readonly strikes: (phase: MailPhase) => string | undefined;
  readonly record: (to: string) => void;
  readonly breakOff: (socket: Socket) => void;
}

type Verb = 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'DOT' | 'QUIT' | 'RSET' | 'OTHER';

const END = '\r\n.\r\n';
const PHASES: Readonly<Partial<Record<Verb, MailPhase>>> = { MAIL: 'mail', RCPT: 'rcpt', DATA: 'data', DOT: 'dot' };
const REPLIES: Readonly<Record<Verb, string>> = {
  EHLO: '250-chaos\r\n250 PIPELINING',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go ahead',
  DOT: '250 ok',
  QUIT: '221 bye',
  RSET: '250 ok',
  OTHER: '502 unknown command',
};

/** One connection: commands and bodies as they come, several in one chunk where the sender pipelines. */
export function converse(socket: Socket, deps: ConversationDeps): void {
  const replyTo = mailbox(deps);
  let rest = '';
  let inBody = false;
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    if (inBody && deps.strikes('body') === 'drop') return deps.breakOff(socket);
    let replies = '';
    for (let next = nextOf(rest, inBody); next !== undefined; next = nextOf(rest, inBody)) {
      rest = next.rest;
      const reply = replyTo(next.verb, next.line);
      if (reply === 'drop') {
        // What was decided before is still told.
        if (replies !== '') socket.write(replies);
        return deps.breakOff(socket);
      }
      inBody = reply.startsWith('354');
      replies += `${reply}\r\n`;
    }
    if (replies !== '') socket.write(replies);
  });
  socket.write('220 chaos ESMTP\r\n');
}

/** Decides about one mail after the other; `drop`: the connection is to be broken. */
function mailbox({ strikes, record }: ConversationDeps) {
  let to = '';
  let isRefused = false;
  const ofCommand = (verb: Verb, act: string | undefined): string => {
    if (act !== undefined) isRefused = true;
    const isBehind = isRefused && (verb === 'RCPT' || verb === 'DATA');
    return act ?? (isBehind ? '503 5.5.1 no valid recipients' : REPLIES[verb]);
  };
  // A refusal comes before the mail is accepted; a broken connection loses the reply alone.
  const ofDot = (act: string | undefined): string => {
    if (act === undefined || act === 'drop') record(to);
    return act ?? REPLIES.DOT;
  };
  return (verb: Verb, line: string): string => {
    if (verb === 'MAIL') isRefused = false;
    if (verb === 'RCPT') to = addressIn(line);
    const phase = PHASES[verb];
    const act = phase && strikes(phase);
    return verb === 'DOT' ? ofDot(act) : ofCommand(verb, act);
  };
}

function nextOf(text: string, inBody: boolean) {
  const mark = inBody ? END : '\r\n';
  const end = text.indexOf(mark);
  if (end < 0) return undefined;
  const line = text.slice(0, inBody ? 0 : end);
  return { verb: inBody ? ('DOT' as const) : verbOf(line), line, rest: text.slice(end + mark.length) };
}

function verbOf(line: string): Verb {
  const verb = line.slice(0, 4).toUpperCase();
  return verb in REPLIES ? (verb as Verb) : 'OTHER';
}

/** A slice would keep the whole chunk in memory. */
function addressIn(line: string): string {
  return Buffer.from(line.slice('RCPT TO:<'.length, line.indexOf('>')), 'latin1').toString('latin1');
}
