import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type WebhookReceiver = Awaited<ReturnType<typeof startWebhookReceiver>>;

/** An endpoint that accepts each delivery and remembers the events, by the ids of the deliveries. */
export async function startWebhookReceiver() {
  const received = new Set<string>();
  const server = createServer((request, response) => {
    const id = request.headers['webhook-id'];
    request.resume().once('end', () => {
      if (typeof id === 'string') received.add(id);
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received: (): ReadonlySet<string> => received,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
