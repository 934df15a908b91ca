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
  'message.held': 'MessageHeld',
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
