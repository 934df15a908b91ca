import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Whether the port is free now. */
export function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  return listenOnce(port, host).then(
    () => true,
    () => false,
  );
}

/** The preferred port if it is free, else any free one; 0 means any. */
export function freePort(wanted: number, host = LOOPBACK): Promise<number> {
  return listenOnce(wanted, host).catch(() => listenOnce(0, host));
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
