import { now } from '../../clock.js';
import { type AttemptOutcome, backoffAfter, FAILING_LIMIT } from '../../domain/webhook/attempt-outcome.js';
import { FORMATS } from '../../domain/webhook/formats.js';
import type { FailureCounts } from '../../store/webhooks/progress.js';
import type { Endpoint } from '../../store/webhooks/row.js';

/** Counts the outcomes of one pass and decides from them when the endpoint rests and when it is disabled. */
export function failureCounter(endpoint: Endpoint) {
  let { failures, failing_since: since } = endpoint;
  let restUntil: Date | null = null;
  let gone = false;
  /** Whether this pass has seen a failure since the last success: old failures alone do not disable an endpoint. */
  let failsNow = false;
  let fresh = { failures: 0, anyDelivered: false };

  return {
    count: (outcome: AttemptOutcome): void => {
      if (outcome.kind === 'delivered') {
        failures = 0;
        since = null;
        failsNow = false;
        fresh = { failures: 0, anyDelivered: true };
        return;
      }
      failures += 1;
      failsNow = true;
      since ??= now();
      fresh = { ...fresh, failures: fresh.failures + 1 };
      gone ||= outcome.kind === 'gone';
      const wait = outcome.kind === 'again' && outcome.hold ? outcome.after : backoffAfter(failures);
      if (wait > 0) restUntil = latest(restUntil, new Date(now().getTime() + wait));
    },
    /** Counts since the last call. */
    takeCounts: (): FailureCounts => {
      const taken = { ...fresh, restUntil };
      fresh = { failures: 0, anyDelivered: false };
      return taken;
    },
    /** Nothing more is sent before this time; null: no wait. */
    restUntil: (): Date | null => restUntil,
    /** Why the endpoint must be disabled. */
    disableReason: (): 'gone' | 'failing' | undefined => {
      if (gone) return 'gone';
      if (!failsNow || since === null || !FORMATS[endpoint.format].obeysEndpoint) return undefined;
      return now().getTime() - since.getTime() >= FAILING_LIMIT ? 'failing' : undefined;
    },
  };
}

function latest(one: Date | null, other: Date): Date {
  return one !== null && one > other ? one : other;
}
