import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Whether a server could listen there right now. */
export function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  return listenOnce(port, host).then(
    () => true,
    () => false,
  );
}

/** The wanted port where it is free, else any that is; 0 asks for any. */
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
