import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { machineTime } from './machine-time.js';

export interface ClockedReceiver {
  readonly url: string;
  /** First arrival of each id. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Requests, repetitions included. */
  requests(): number;
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** An endpoint that answers 204 and records when each event arrived. */
export async function clockedReceiver(): Promise<ClockedReceiver> {
  const arrivals = new Map<string, number>();
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      requests += 1;
      const id = String(request.headers['webhook-id']);
      if (!arrivals.has(id)) arrivals.set(id, machineTime());
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    arrivals,
    requests: () => requests,
    until: async (count) => {
      while (arrivals.size < count) await pause(5);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
