import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { StoredMail } from './mail-index.js';
import type { Mailbox } from './mailbox.js';
import { isoTime, listPage, mailPage, notFoundPage, VIEWS } from './pages.js';
import { readableSubject, readMail } from './read-mail.js';

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

/** A request to the inbox. */
interface InboxRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

interface InboxResponse {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Buffer;
  /** Content-Security-Policy where it differs from that of our own pages. */
  readonly policy?: string;
  readonly location?: string;
}

const page = (status: number, body: string): InboxResponse => ({
  status,
  type: 'text/html; charset=utf-8',
  body,
});

const redirect = (location: string): InboxResponse => ({ status: 303, location });

const json = (status: number, value: unknown): InboxResponse => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** The requested page, from 1; an invalid number means the first. */
function pageNumber(query: URLSearchParams): number {
  const requested = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(requested) && requested >= 1 ? requested : 1;
}

const MOST_PER_PAGE = 1000;
const NOTHING = json(404, { error: { code: 'not_found', message: 'There is nothing here.' } });

/** The JSON API of the inbox: list, count, one mail parsed or raw, delete all. */
async function apiResponse(mailbox: Mailbox, { method, path, query }: InboxRequest): Promise<InboxResponse> {
  if (path === '/api/messages' && method === 'DELETE') {
    await mailbox.clear();
    return { status: 204 };
  }
  if (method !== 'GET') return json(405, { error: { code: 'method_not_allowed', message: 'Not with this method.' } });
  if (path === '/api/messages') return list(mailbox, query);
  if (path === '/api/count') return json(200, { count: await count(mailbox, query) });
  return one(mailbox, path);
}

async function list(mailbox: Mailbox, query: URLSearchParams): Promise<InboxResponse> {
  const page = pageNumber(query);
  const perPage = Math.min(
    MOST_PER_PAGE,
    Math.max(1, Math.trunc(Number(query.get('per_page') ?? PER_PAGE)) || PER_PAGE),
  );
  const { total, mails } = await mailbox.page({ ...recipientOf(query), page, perPage });
  return json(200, { data: mails.map(summary), meta: { page, per_page: perPage, total } });
}

async function count(mailbox: Mailbox, query: URLSearchParams): Promise<number> {
  const recipient = recipientOf(query);
  if (recipient.to === undefined) return mailbox.count();
  return (await mailbox.page({ ...recipient, page: 1, perPage: 1 })).total;
}

async function one(mailbox: Mailbox, path: string): Promise<InboxResponse> {
  const match = /^\/api\/messages\/(\d{1,15})(\/raw)?$/.exec(path);
  const mail = match ? await mailbox.find(Number(match[1])) : undefined;
  if (mail === undefined) return NOTHING;
  const raw = await mailbox.raw(mail);
  // As text, so that a browser does not interpret a foreign mail.
  if (match?.[2] !== undefined) return { status: 200, type: 'text/plain; charset=utf-8', body: raw };
  const { headers, text, html, attachments } = await readMail(raw);
  return json(200, { data: { ...summary(mail), headers, text, html, attachments } });
}

function summary(mail: StoredMail) {
  const { id, from, to, subject, size } = mail;
  return { id, from, to, subject: readableSubject(subject), received_at: isoTime(mail), size };
}

function recipientOf(query: URLSearchParams): { to?: string } {
  const to = query.get('to')?.trim();
  return to ? { to } : {};
}
