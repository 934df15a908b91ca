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
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const receiver = smtpReceiver(options);
    const isFirst = receivers.push(receiver) === 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('end', () => socket.end());
    socket.once('close', () => {
      sockets.delete(socket);
      changed();
    });
    converse(socket, receiver, isFirst ? options : {}, isFirst ? streams : { client: '', server: '', chunks: [] });
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

function converse(
  socket: Socket,
  receiver: SmtpReceiver,
  { fault, onFault, repeated }: FaultyServerOptions,
  streams: Streams,
): void {
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
  const reply = (text: string): void => {
    if (text === '') return;
    say(text);
    if (replies === repeated) say(text);
    replies += 1;
    if (!text.startsWith('221') || isOver) return;
    socket.end();
    isOver = true;
  };
  const onData = (chunk: Buffer): void => {
    for (const byte of chunk) {
      if (isOver) return;
      streams.client += String.fromCharCode(byte);
      reply(receiver.take(byte));
      if (!isOver && fault?.stream === 'client' && fault.at === streams.client.length) perform(fault.act);
    }
  };
  socket.on('data', (chunk) => {
    streams.chunks.push(chunk.toString('latin1'));
    socket.cork();
    onData(chunk);
    socket.uncork();
  });
  reply(receiver.greeting);
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
