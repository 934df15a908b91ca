import { type EventPattern, typesOf } from '../event-types.js';

export const WEBHOOK_FORMATS = ['standard', 'maily', 'envie'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface FormatRules {
  /** Milliseconds for a whole attempt. */
  readonly timeout: number;
  /** Waits between attempts; when they are used up, the delivery is given up. */
  readonly retries: readonly number[];
  isDelivered(status: number): boolean;
  /** Whether an endpoint may say when it wants to be asked again, and that it wants no more. */
  readonly obeysEndpoint: boolean;
  /** What is sent where nothing is asked for. */
  readonly defaultEvents: readonly EventPattern[];
  /** What can be said in this format at all. */
  readonly supportedEvents: readonly EventPattern[];
}

const succeeded = (status: number) => status >= 200 && status < 300;

const ENVIE_TYPES: readonly EventPattern[] = [
  'message.opened',
  'message.clicked',
  'message.sent',
  'message.delayed',
  'message.failed',
  'message.held',
];

/** `maily` and `envie` as their documentation says; where it is silent, as in `standard`. */
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
    defaultEvents: ENVIE_TYPES,
    supportedEvents: ENVIE_TYPES,
  },
};

/** Deliveries of one endpoint that are under way at once. */
export const IN_FLIGHT = 32;

/** The types an endpoint gets: those it asked for, of those its format knows. */
export function typesFor(format: WebhookFormat, requested: readonly EventPattern[]): readonly string[] {
  const known = new Set(FORMATS[format].supportedEvents.flatMap(typesOf));
  return [...new Set(requested.flatMap(typesOf))].filter((type) => known.has(type));
}
