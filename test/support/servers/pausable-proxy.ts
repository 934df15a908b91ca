import { connect, createServer, type Socket } from 'node:net';
import { portOf } from './port-of.js';

export type PausableProxy = Awaited<ReturnType<typeof pausableProxy>>;

/** A way to a server that can be blocked as a network does: connections stay open, and no byte passes. */
export async function pausableProxy(target: string) {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  let isPaused = false;
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.on('data', (bytes) => other.write(bytes));
    if (isPaused) socket.pause();
  };
  const server = createServer((inner) => {
    const outer = connect(Number(port), hostname);
    keep(inner, outer);
    keep(outer, inner);
  }).listen(0, '127.0.0.1');
  return {
    address: `127.0.0.1:${await portOf(server)}`,
    pause: (): void => {
      isPaused = true;
      for (const socket of sockets) socket.pause();
    },
    resume: (): void => {
      isPaused = false;
      for (const socket of sockets) socket.resume();
    },
    close: (): void => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
