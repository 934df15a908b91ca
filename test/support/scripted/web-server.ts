import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { portOf } from '../servers/port-of.js';

/** How one request is answered. */
export type Page = (response: ServerResponse, request: IncomingMessage) => void;

/** A web site with scripted responses. */
export async function webServer(first: Page) {
  let page = first;
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    page(response, request);
  });
  server.listen(0, '127.0.0.1');
  return {
    url: `http://127.0.0.1:${await portOf(server)}/`,
    asked: requests,
    /** From now on. */
    show: (next: Page) => {
      page = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A feed of these titles, with an ETag that is answered 304. */
export function aFeed(...titles: readonly string[]): Page {
  const items = titles.map(
    (title) => `<item><title>${title}</title><guid>${title}</guid><description>About ${title}</description></item>`,
  );
  const etag = `"${titles.join('-')}"`;
  return (response, { headers }) => {
    if (headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(`<rss><channel><title>Acme</title>${items.join('')}</channel></rss>`);
  };
}

export function fails(status: number): Page {
  return (response) => response.writeHead(status).end();
}

export function says(json: object): Page {
  return (response) => response.end(JSON.stringify(json));
}
