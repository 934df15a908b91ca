import { typesFor } from '../../domain/webhook/formats.js';
import type { Stores } from '../../store/stores.js';
import type { DeliveryTry } from '../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../store/webhooks/row.js';

/** A webhook whose deliveries fail, or that failures have disabled. */
export interface FailingWebhook {
  readonly endpoint: Endpoint;
  /** Of its URL, which may contain secrets elsewhere. */
  readonly host: string;
  readonly lastFailure: DeliveryTry | null;
  /** Events that it has not tried yet, counted up to `COUNTED`. */
  readonly untried: number;
  /** When it is tried again; null: now, or it is disabled. */
  readonly next: Date | null;
}

type WebhookStores = Pick<Stores, 'endpoints' | 'deliveries' | 'eventLog'>;

/** Events of an endpoint that are counted at most. */
const COUNTED = 10_000;

export async function failingWebhooks(stores: WebhookStores, account: number, at: Date): Promise<FailingWebhook[]> {
  const failing = (await stores.endpoints.ofAccount(account)).filter(isFailing);
  return Promise.all(
    failing.map(async (endpoint) => ({
      endpoint,
      host: new URL(endpoint.url).host,
      lastFailure: await stores.deliveries.lastFailure(endpoint),
      untried: (await untriedSequences(stores, endpoint)).length,
      next: await nextAttempt(stores, endpoint, at),
    })),
  );
}

function isFailing({ state, reason, failing_since }: Endpoint): boolean {
  return state === 'enabled' ? failing_since !== null : reason !== 'by_request';
}

/** Sequence numbers of the events that the endpoint has not tried, in the order in which it tries them; `COUNTED` at most. */
export function untriedSequences(
  { eventLog }: Pick<WebhookStores, 'eventLog'>,
  { account, cursor, format, events }: Endpoint,
): Promise<number[]> {
  return eventLog.sequences(account, cursor, typesFor(format, events), COUNTED);
}

/** The end of its rest; for an ordered endpoint the retry that holds back all later events. Null: now, or never. */
export async function nextAttempt(
  { deliveries }: Pick<WebhookStores, 'deliveries'>,
  endpoint: Endpoint,
  at: Date,
): Promise<Date | null> {
  const { state, ordered, rest_until } = endpoint;
  if (state !== 'enabled') return null;
  const times = [rest_until, ordered ? await deliveries.nextDue(endpoint) : null];
  const latest = Math.max(...times.map(Number));
  return latest > at.getTime() ? new Date(latest) : null;
}
