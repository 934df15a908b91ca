import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { apiResponse, type InboxRequest, type InboxResponse, page, pageNumber, redirect } from './json-api.js';
import type { Mailbox } from './mailbox.js';
import { listPage, mailPage, notFoundPage, VIEWS } from './pages.js';
import { readMail } from './read-mail.js';

const PER_PAGE = 50;

const ASSETS: Readonly<Record<string, string>> = {
  'inbox.css': 'text/css; charset=utf-8',
  'inbox.js': 'text/javascript; charset=utf-8',
  'inbox.svg': 'image/svg+xml',
};

/** The web inbox and its JSON, for browsers and tests on this machine. */
export function inboxServer(mailbox: Mailbox, assets: string): Server {
  return createServer((request, response) => {
    respondTo(mailbox, assets, request).then(
      (answer) => send(response, answer),
      (failure: Error) => send(response, { status: 500, type: 'text/plain; charset=utf-8', body: failure.message }),
    );
  });
}

async function respondTo(mailbox: Mailbox, assets: string, request: IncomingMessage): Promise<InboxResponse> {
  if (!isLocal(request)) return { status: 403, type: 'text/plain; charset=utf-8', body: 'Only for this machine.\n' };
  const url = new URL(request.url ?? '/', 'http://localhost');
  const call: InboxRequest = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams };
  const asset = ASSETS[url.pathname.slice(1)];
  if (asset !== undefined)
    return { status: 200, type: asset, body: await readFile(join(assets, url.pathname.slice(1))) };
  if (url.pathname.startsWith('/api/')) return apiResponse(mailbox, call);
  return pageResponse(mailbox, call);
}

/** Pages of other sites must not read or delete mails, also not through DNS rebinding. */
function isLocal({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  const site = headers['sec-fetch-site'];
  return ['127.0.0.1', 'localhost', '[::1]'].includes(host) && site !== 'cross-site' && site !== 'same-site';
}

async function pageResponse(mailbox: Mailbox, { method, path, query }: InboxRequest): Promise<InboxResponse> {
  if (path === '/clear' && method === 'POST') {
    await mailbox.clear();
    return redirect('/');
  }
  if (path === '/') {
    const request = { to: query.get('to')?.trim() ?? '', page: pageNumber(query), perPage: PER_PAGE };
    const found = await mailbox.page({ ...(request.to && { to: request.to }), page: request.page, perPage: PER_PAGE });
    return page(200, listPage(found, request));
  }
  const match = /^\/messages\/(\d{1,15})(\/html)?$/.exec(path);
  const mail = match ? await mailbox.find(Number(match[1])) : undefined;
  if (mail === undefined) return page(404, notFoundPage());
  const raw = await mailbox.raw(mail);
  const read = await readMail(raw);
  const remote = query.get('remote') === '1';
  if (match?.[2] !== undefined) return foreignPage(read.html, remote);
  const view = VIEWS.find((name) => name === query.get('view')) ?? (read.html === '' ? 'text' : 'html');
  return page(200, mailPage(mail, read, raw.toString('utf8'), { view, remote }));
}

/** The mail's own HTML. The policy repeats the frame's sandbox, so that it also applies when the page is opened directly. */
function foreignPage(content: string, remote: boolean): InboxResponse {
  const hosts = remote ? ' https: http:' : '';
  const policy = [
    "default-src 'none'",
    `style-src 'unsafe-inline'${hosts}`,
    `img-src data:${hosts}`,
    `font-src data:${hosts}`,
    'sandbox allow-popups allow-popups-to-escape-sandbox',
  ].join('; ');
  return { status: 200, type: 'text/html; charset=utf-8', policy, body: withTarget(content) };
}

/** Links open in a new tab. The doctype stays first, else the mail would be shown in quirks mode. */
function withTarget(content: string): string {
  const doctype = /^\s*<!doctype[^>]*>/i.exec(content)?.[0] ?? '';
  return `${doctype}<base target="_blank">${content.slice(doctype.length)}`;
}

function send(response: ServerResponse, { status, type, body, policy, location }: InboxResponse): void {
  const ours =
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'";
  response.writeHead(status, {
    'content-security-policy': policy ?? `${ours}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(type !== undefined && { 'content-type': type }),
    ...(location !== undefined && { location }),
  });
  response.end(body);
}
