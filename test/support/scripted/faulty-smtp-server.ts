import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Dial } from '../../../mail/smtp/settings.js';
import { type ReceiverOptions, type SmtpReceiver, smtpReceiver, type TakenMail } from './smtp-receiver.js';

/** What happens once, on the first connection, at one position of one of its two streams. */
export interface Fault {
  /** After `at` bytes of the client were read, or after `at` bytes of replies were written. */
  readonly stream: 'client' | 'server';
  readonly at: number;
  readonly act: FaultAct;
}
/** `call`: the connection goes on, and `onFault` is called. */
export type FaultAct = 'reset' | 'close' | 'silence' | '421' | 'garbage' | 'call';

export interface FaultyServerOptions extends ReceiverOptions {
  readonly fault?: Fault;
  readonly onFault?: () => void;
  /** The reply of the first connection that is sent twice, from 0 (the greeting). */
  readonly repeated?: number;
  /** What becomes of a command that arrives together with the one before, on all connections. */
  readonly ahead?: 'lost' | 'refused';
  /** The server closes a connection after so many mails. */
  readonly mails?: number;
  /** Called for each byte of a client, with the number of bytes on all connections. */
  readonly onByte?: (count: number) => void;
}

/** What was read and written on the first connection; `chunks` as they were read. */
interface Streams {
  client: string;
  server: string;
  readonly chunks: string[];
}

export type FaultySmtpServer = Awaited<ReturnType<typeof faultySmtpServer>>;

/** An SMTP server on a free port of 127.0.0.1 that fails at one byte of its first connection. */
export async function faultySmtpServer(options: FaultyServerOptions = {}) {
  const receivers: SmtpReceiver[] = [];
  const streams: Streams = { client: '', server: '', chunks: [] };
  const sockets = new Set<Socket>();
  let changed = () => {};
  let bytes = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const isFirst = receivers.length === 0;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('end', () => socket.end());
    socket.once('close', () => {
      sockets.delete(socket);
      changed();
    });
    converse(socket, isFirst ? streams : { client: '', server: '', chunks: [] }, {
      options,
      first: isFirst ? options : {},
      counted: () => {
        bytes += 1;
        options.onByte?.(bytes);
      },
      onReceiver: (receiver) => receivers.push(receiver),
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    /** The bytes of the first connection. */
    streams: streams as Readonly<Streams>,
    connections: () => receivers.length,
    taken: (): readonly TakenMail[] => receivers.flatMap(({ taken }) => taken),
    /** Resolves when no connection is open: nothing more can arrive. */
    untilQuiet: async (): Promise<void> => {
      while (sockets.size > 0) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the server writes on one connection, with the fault of its stream. */
function replier(socket: Socket, streams: Streams, { fault, onFault, repeated }: FaultyServerOptions) {
  let replies = 0;
  let isOver = false;
  const perform = (act: FaultAct): void => {
    if (act === 'garbage') socket.write('\r\nwhat?\r\n');
    if (act === '421') socket.end('421 4.3.2 closing\r\n');
    if (act === 'close') socket.end();
    if (act === 'reset') socket.resetAndDestroy();
    if (act === 'call') onFault?.();
    isOver = act !== 'garbage' && act !== 'call';
  };
  const say = (text: string): void => {
    if (isOver || text === '') return;
    const due = fault?.stream === 'server' ? fault.at - streams.server.length : Number.NaN;
    const isDue = due > 0 && due <= text.length;
    const before = isDue ? text.slice(0, due) : text;
    streams.server += before;
    socket.write(before);
    if (!isDue || fault === undefined) return;
    perform(fault.act);
    say(text.slice(due));
  };
  return {
    isOver: () => isOver,
    reply: (text: string): void => {
      say(text);
      if (replies === repeated) say(text);
      replies += 1;
    },
    /** The fault of the client's stream, if it is due. */
    look: (): void => {
      if (!isOver && fault?.stream === 'client' && fault.at === streams.client.length) perform(fault.act);
    },
    end: (): void => {
      if (!isOver) socket.end();
      isOver = true;
    },
  };
}

function converse(socket: Socket, streams: Streams, { options, first, counted, onReceiver }: Converse): void {
  const { ahead, mails = Number.POSITIVE_INFINITY, instead } = options;
  /** Replies to the present chunk. */
  let answered = 0;
  const receiver = smtpReceiver({
    ...options,
    instead: (command, nth) =>
      ahead === 'refused' && answered > 0 ? '503 5.5.0 improper use of pipelining' : instead?.(command, nth),
  });
  onReceiver(receiver);
  const replies = replier(socket, streams, first);
  const onData = (chunk: Buffer): void => {
    answered = 0;
    for (const byte of chunk) {
      if (replies.isOver() || (ahead === 'lost' && answered > 0)) return;
      streams.client += String.fromCharCode(byte);
      counted();
      const reply = receiver.take(byte);
      if (reply !== '') {
        answered += 1;
        replies.reply(reply);
        if (reply.startsWith('221') || receiver.taken.length >= mails) replies.end();
      }
      replies.look();
    }
  };
  socket.on('data', (chunk) => {
    streams.chunks.push(chunk.toString('latin1'));
    socket.cork();
    onData(chunk);
    socket.uncork();
  });
  replies.reply(receiver.greeting);
}

interface Converse {
  readonly options: FaultyServerOptions;
  /** The options that are for the first connection only. */
  readonly first: FaultyServerOptions;
  readonly counted: () => void;
  readonly onReceiver: (receiver: SmtpReceiver) => void;
}

/** Connects so that the bytes of the server are read one at a time. */
export const byteByByte: Dial = ({ host, port }) => {
  const socket = connect({ host, port });
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null);
    let wantsMore = true;
    for (const byte of chunk) wantsMore = push(Buffer.of(byte));
    return wantsMore;
  };
  return socket;
};
