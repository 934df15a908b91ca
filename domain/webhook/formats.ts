import { type EventPattern, typesOf } from '../event-types.js';

export const WEBHOOK_FORMATS = ['standard', 'maily', 'envie'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface FormatRules {
  /** Milliseconds for one attempt, from name lookup to response. */
  readonly timeout: number;
  /** Milliseconds between attempts. After the last one the delivery has failed. */
  readonly retries: readonly number[];
  isDelivered(status: number): boolean;
  /** Whether Retry-After delays the endpoint's deliveries, and 410 disables it. */
  readonly obeysEndpoint: boolean;
  /** Events of an endpoint that names none. */
  readonly defaultEvents: readonly EventPattern[];
  /** Events that have a payload in this format. */
  readonly supportedEvents: readonly EventPattern[];
}

const succeeded = (status: number) => status >= 200 && status < 300;

/** Event types that have a payload in the envie format, with their documented names. */
export const ENVIE_EVENTS: Readonly<Record<string, string>> = {
  'message.opened': 'MessageLoaded',
  'message.clicked': 'MessageLinkClicked',
  'message.sent': 'MessageSent',
  'message.delayed': 'MessageDelayed',
  'message.failed': 'MessageDeliveryFailed',
  'message.blocked': 'MessageHeld',
};

/** `maily` and `envie` follow their documentation; undocumented settings are those of `standard`. */
export const FORMATS: Readonly<Record<WebhookFormat, FormatRules>> = {
  standard: {
    timeout: 15 * SECOND,
    retries: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
    isDelivered: succeeded,
    obeysEndpoint: true,
    defaultEvents: ['*'],
    supportedEvents: ['*'],
  },
  maily: {
    timeout: 8 * SECOND,
    retries: [],
    isDelivered: succeeded,
    obeysEndpoint: false,
    defaultEvents: [
      'campaign.sent',
      'campaign.failed',
      'subscriber.created',
      'subscriber.unsubscribed',
      'subscriber.bounced',
      'subscriber.complained',
    ],
    supportedEvents: ['*'],
  },
  envie: {
    timeout: 15 * SECOND,
    retries: [5 * SECOND, 5 * MINUTE],
    isDelivered: (status) => status === 200,
    obeysEndpoint: false,
    defaultEvents: Object.keys(ENVIE_EVENTS),
    supportedEvents: Object.keys(ENVIE_EVENTS),
  },
};

/** Deliveries in flight at once at one endpoint. */
export const IN_FLIGHT = 32;

/** The event types an endpoint receives: those it requests, as far as its format has a payload for them. */
export function typesFor(format: WebhookFormat, requested: readonly EventPattern[]): readonly string[] {
  const known = new Set(FORMATS[format].supportedEvents.flatMap(typesOf));
  return [...new Set(requested.flatMap(typesOf))].filter((type) => known.has(type));
}

/** The response to an attempt. */
interface EndpointResponse {
  /** Null: no response. */
  readonly status: number | null;
  readonly retryAfter: string | null;
}

export type AttemptOutcome =
  | { readonly kind: 'delivered' }
  /** `after` in milliseconds. `hold`: the endpoint sent Retry-After, so all its deliveries wait. */
  | { readonly kind: 'again'; readonly after: number; readonly hold: boolean }
  | { readonly kind: 'given_up' }
  /** 410: the endpoint must be disabled. */
  | { readonly kind: 'gone' };

const GONE = 410;
const LONGEST_WAIT = 24 * 3_600_000;
/** Standard endpoints without a successful delivery for this long are disabled; milliseconds. */
export const FAILING_LIMIT = 5 * 24 * 3_600_000;

/** The outcome of an attempt; `attempt` counts from 1. */
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

/** Retry-After, RFC 9110 §10.2.3: seconds or a date. Milliseconds from now; undefined where it is neither. */
export function retryAfterMs(retryAfter: string | null, now: Date): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** Consecutive failures after which an endpoint rests before the next events: a whole window has failed. */
const FAILURES_BEFORE_BACKOFF = 32;
const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;

/** Milliseconds an endpoint rests after this many consecutive failures; its events wait in the event log. */
export function backoffAfter(failures: number): number {
  if (failures < FAILURES_BEFORE_BACKOFF) return 0;
  return Math.min(FIRST_BACKOFF * 2 ** (Math.floor(failures / FAILURES_BEFORE_BACKOFF) - 1), LONGEST_BACKOFF);
}
