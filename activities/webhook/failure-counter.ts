import { now } from '../../clock.js';
import { type AttemptOutcome, backoffAfter, FAILING_LIMIT } from '../../domain/webhook/attempt-outcome.js';
import { FORMATS } from '../../domain/webhook/formats.js';
import type { Endpoint } from '../../store/webhooks/endpoints.js';
import type { FailureCounter } from '../../store/webhooks/progress.js';

/** What the answers of one pass say about their endpoint. */
export function countFailures(endpoint: Endpoint) {
  let { failures, failing_since: since } = endpoint;
  let restUntil: Date | null = null;
  let gone = false;
  /** Whether this pass has met a failure since the last good answer: nobody is given up for what happened long ago. */
  let failsNow = false;
  let fresh = { failures: 0, anyDelivered: false };

  return {
    record: (verdict: AttemptOutcome): void => {
      if (verdict.kind === 'delivered') {
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
      gone ||= verdict.kind === 'gone';
      const wait = verdict.kind === 'again' && verdict.hold ? verdict.after : backoffAfter(failures);
      if (wait > 0) restUntil = latest(restUntil, new Date(now().getTime() + wait));
    },
    /** What came in since this was asked last. */
    takeCounts: (): FailureCounter => {
      const taken = { ...fresh, restUntil };
      fresh = { failures: 0, anyDelivered: false };
      return taken;
    },
    /** Nothing more goes there before then; null: go on. */
    restUntil: (): Date | null => restUntil,
    /** Why it is to be switched off. */
    switchOffReason: (): 'gone' | 'failing' | undefined => {
      if (gone) return 'gone';
      if (!failsNow || since === null || !FORMATS[endpoint.format].obeysEndpoint) return undefined;
      return now().getTime() - since.getTime() >= FAILING_LIMIT ? 'failing' : undefined;
    },
  };
}

export type FailureTracker = ReturnType<typeof countFailures>;

function latest(one: Date | null, other: Date): Date {
  return one !== null && one > other ? one : other;
}
