import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { portOf } from '../servers/port-of.js';

export interface Hook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A status, or whatever a test does with the answer; `nth` counts the requests from 1. */
export type HookScript = (hook: Hook, nth: number, response: ServerResponse) => number | undefined;

export interface HookReceiver {
  readonly port: number;
  readonly url: string;
  readonly hooks: readonly Hook[];
  /** Most requests that were open at once. */
  mostAtOnce(): number;
  until(holds: (hooks: readonly Hook[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** An integrator's endpoint. */
export async function hookReceiver(script: HookScript = () => 200): Promise<HookReceiver> {
  const hooks: Hook[] = [];
  const notifier = new EventEmitter();
  let open = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    open += 1;
    most = Math.max(most, open);
    response.once('close', () => {
      open -= 1;
    });
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const hook = { path: request.url ?? '', headers: request.headers, body };
    hooks.push(hook);
    notifier.emit('hook');
    const status = script(hook, hooks.length, response);
    if (status !== undefined) response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  const port = await portOf(server);
  return {
    port,
    url: `http://127.0.0.1:${port}/hooks`,
    hooks,
    mostAtOnce: () => most,
    until: async (holds) => {
      while (!holds(hooks)) await once(notifier, 'hook');
    },
    close: () => closed(server),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
