import { FORMATS, type WebhookFormat } from './formats.js';

/** What came back, or what was in the way. */
export interface EndpointResponse {
  /** Null: no answer came. */
  readonly status: number | null;
  readonly retryAfter: string | null;
}

export type AttemptOutcome =
  | { readonly kind: 'delivered' }
  /** `after` in milliseconds. `hold`: the endpoint asked for it, so nothing else goes there meanwhile either. */
  | { readonly kind: 'again'; readonly after: number; readonly hold: boolean }
  | { readonly kind: 'given_up' }
  /** The endpoint wants no more, ever. */
  | { readonly kind: 'gone' };

const GONE = 410;
const LONGEST_WAIT = 24 * 3_600_000;
/** Standard endpoints that have answered nothing well for so long are switched off. */
export const FAILING_LIMIT = 5 * 24 * 3_600_000;

/** What an attempt comes to; `attempt` counts from 1. */
export function outcomeOfAttempt(
  format: WebhookFormat,
  attempt: number,
  response: EndpointResponse,
  now: Date,
): AttemptOutcome {
  const { isDelivered, retries, obeysEndpoint } = FORMATS[format];
  if (response.status !== null && isDelivered(response.status)) return { kind: 'delivered' };
  if (obeysEndpoint && response.status === GONE) return { kind: 'gone' };
  const wait = retries[attempt - 1];
  if (wait === undefined) return { kind: 'given_up' };
  const requested = obeysEndpoint ? retryAfterMs(response.retryAfter, now) : undefined;
  if (requested === undefined) return { kind: 'again', after: wait, hold: false };
  return { kind: 'again', after: Math.max(wait, Math.min(requested, LONGEST_WAIT)), hold: true };
}

/** RFC 9110 §10.2.3: seconds or a date. Milliseconds from now; undefined where it says nothing. */
export function retryAfterMs(retryAfter: string | null, now: Date): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** Failures in a row after which an endpoint gets a rest before the next events: whole windows came back broken. */
const FAILURES_BEFORE_BACKOFF = 32;
const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;

/** How long the stream rests after so many failures in a row; its events stay in the river. */
export function backoffAfter(failures: number): number {
  if (failures < FAILURES_BEFORE_BACKOFF) return 0;
  return Math.min(FIRST_BACKOFF * 2 ** (Math.floor(failures / FAILURES_BEFORE_BACKOFF) - 1), LONGEST_BACKOFF);
}
