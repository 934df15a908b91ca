import type { StoredMail } from './mail-index.js';
import type { Mailbox } from './mailbox.js';
import { isoTime } from './pages.js';
import { readableSubject, readMail } from './read-mail.js';

/** A request to the inbox. */
export interface InboxRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface InboxResponse {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Buffer;
  /** Content-Security-Policy where it differs from that of our own pages. */
  readonly policy?: string;
  readonly location?: string;
}

export const page = (status: number, body: string): InboxResponse => ({
  status,
  type: 'text/html; charset=utf-8',
  body,
});

export const redirect = (location: string): InboxResponse => ({ status: 303, location });

const json = (status: number, value: unknown): InboxResponse => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** The requested page, from 1; an invalid number means the first. */
export function pageNumber(query: URLSearchParams): number {
  const requested = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(requested) && requested >= 1 ? requested : 1;
}

const PER_PAGE = 50;
const MOST_PER_PAGE = 1000;
const NOTHING = json(404, { error: { code: 'not_found', message: 'There is nothing here.' } });

/** The JSON API of the inbox: list, count, one mail parsed or raw, delete all. */
export async function apiResponse(mailbox: Mailbox, { method, path, query }: InboxRequest): Promise<InboxResponse> {
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
