import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { freePort } from '../../servers/ports.js';
import { converse, type ReceiverTrouble } from './conversation.js';

/** One accepted mail. */
interface Accepted {
  readonly to: string;
  /** Milliseconds of the process's monotonic clock. */
  readonly at: number;
}

export type Judge = Awaited<ReturnType<typeof startJudge>>;

/**
 * The receiving mail server, which records each mail that it accepts. A mail counts as accepted once its final dot has arrived and
 * no trouble refuses it, also where the reply is never written.
 */
export async function startJudge(random: () => number) {
  const accepted: Accepted[] = [];
  const line = await startLine(await freePort(0), {
    random,
    record: (to) => accepted.push({ to, at: performance.now() }),
  });
  return { ...line, accepted: (): readonly Accepted[] => accepted };
}

interface LinePlan {
  readonly random: () => number;
  readonly record: (to: string) => void;
}

/** The connections of the receiver, and what goes wrong with them. */
async function startLine(port: number, { random, record }: LinePlan) {
  const sockets = new Set<Socket>();
  let trouble: ReceiverTrouble | undefined;
  let isSilent = false;
  let broken = 0;
  const breakOff = (socket: Socket): void => {
    broken += 1;
    socket.destroy();
  };
  const strikes: Parameters<typeof converse>[1]['strikes'] = (phase) =>
    trouble?.phase === phase && random() < trouble.share ? trouble.act : undefined;
  const greet = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    converse(socket, { strikes, record, breakOff });
    if (isSilent) socket.pause();
  };
  const listen = async () => {
    const server = createServer({ noDelay: true }, greet).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await listen();
  const goAway = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) breakOff(socket);
    await closed;
  };
  return {
    url: `smtp://127.0.0.1:${port}`,
    /** Connections that it has broken off: each may leave one mail in doubt. */
    broken: (): number => broken,
    begin: (next: ReceiverTrouble): void => {
      trouble = next;
    },
    end: (): void => {
      trouble = undefined;
    },
    ...silence(sockets, (silent) => {
      isSilent = silent;
    }),
    goAway,
    comeBack: async (): Promise<void> => {
      server = await listen();
    },
    close: goAway,
  };
}

/** Reads no more until it is woken; what senders write waits in the sockets. */
function silence(sockets: ReadonlySet<Socket>, set: (silent: boolean) => void) {
  return {
    fallSilent: (): void => {
      set(true);
      for (const socket of sockets) socket.pause();
    },
    wake: (): void => {
      set(false);
      for (const socket of sockets) socket.resume();
    },
  };
}
