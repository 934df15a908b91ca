import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Whether the port is free now. */
export function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  return listenOnce(port, host).then(
    () => true,
    () => false,
  );
}

/** How many ports above a preferred one are tried. */
const NEXT_PORTS = 20;

/**
 * The preferred port if it is free, else one of the next above it, else any free one; 0 means any. A server that is started
 * again needs its port back: those that the system hands out by itself may be in use by then.
 */
export async function freePort(wanted: number, host = LOOPBACK): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(wanted + NEXT_PORTS, 65_535);
  for (let port = wanted; port <= last && port !== 0; port++) {
    if (await isFree(port, host)) return port;
  }
  return listenOnce(0, host);
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
