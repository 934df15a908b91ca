/** What is asked of the inbox. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Buffer;
  /** Content-Security-Policy where it differs from that of our own pages. */
  readonly policy?: string;
  readonly location?: string;
}

export const page = (status: number, body: string): Answer => ({ status, type: 'text/html; charset=utf-8', body });

export const redirect = (location: string): Answer => ({ status: 303, location });

export const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** The asked page, from 1; nonsense is the first. */
export function pageNumber(query: URLSearchParams): number {
  const asked = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(asked) && asked >= 1 ? asked : 1;
}
