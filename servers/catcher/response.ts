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

export const json = (status: number, value: unknown): InboxResponse => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** The requested page, from 1; an invalid number means the first. */
export function pageNumber(query: URLSearchParams): number {
  const requested = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(requested) && requested >= 1 ? requested : 1;
}
