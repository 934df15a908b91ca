import { monotonic, now } from '../../clock.js';
import type { EndpointInput } from '../../workflows/messages/endpoint.js';
import { withHeartbeat } from '../heartbeat.js';
import { deliveryPass, nextStep, publishMissed, type StepResult, type WebhookDeps } from './pass.js';
import type { EndpointFailure } from './results.js';

/** Sequence numbers, times and codes only: addresses and contents stay in the rows. */
export type PassResult =
  | { readonly kind: 'more' | 'idle' | 'off'; readonly sequence: number }
  /** Nothing is due before `until`; ISO 8601. */
  | {
      readonly kind: 'waiting';
      readonly sequence: number;
      readonly until: string;
      readonly failing?: EndpointFailure;
    };

/** Time of one pass: endpoints share the slots of a process fairly, and a stop never waits for a backlog. */
const PASS_MS = 20_000;
const HEARTBEAT_MS = 4_000;
/** Time a pass may take beyond `PASS_MS` for attempts in flight and writes. */
const GRACE_MS = 25_000;

/**
 * Deliveries to webhook endpoints. One pass over one endpoint runs in this order:
 *
 * 1. `startPass` takes the lease of the endpoint's row. A disabled endpoint ends here.
 * 2. `publishMissed` reports events that were deleted before the endpoint received them.
 * 3. `nextStep` repeats until the time is over or nothing is left: retries that are due, then new events by sequence number.
 *    `window.ts` keeps up to 32 attempts in flight, one at an ordered endpoint; `attempt.ts` posts one event.
 * 4. `results.ts` writes while attempts continue: it disables the endpoint if `failure-counter.ts` says so, then writes the
 *    results, then moves the cursor. A crash at any line repeats what was not written, under the same event ids.
 * 5. `finishPass` releases the row with the time of the next retry, unless new events arrived meanwhile.
 *
 * Imports follow this order: delivery → pass → window → results → failure-counter, attempt.
 */
export function webhookActivities(deps: WebhookDeps) {
  return {
    deliverEvents: ({ account, endpoint }: EndpointInput): Promise<PassResult> =>
      withHeartbeat(deps, HEARTBEAT_MS, () => runPass(deps, account, endpoint)),
  };
}

async function runPass(deps: WebhookDeps, account: number, id: number): Promise<PassResult> {
  const end = monotonic() + PASS_MS;
  const busyUntil = new Date(now().getTime() + PASS_MS + GRACE_MS);
  const row = await deps.endpoints.startPass(account, id, busyUntil);
  if (row === null) return { kind: 'off', sequence: 0 };
  const pass = deliveryPass(deps, row, end);
  await publishMissed(pass);
  let last: StepResult = 'more';
  while (last === 'more') last = await nextStep(pass);
  await pass.window.settle();
  const { endedBy, restUntil } = pass.results;
  const sequence = pass.results.sequence();
  if (endedBy() === 'disabled') return { kind: 'off', sequence };
  if (endedBy() === 'changed' || last === 'over') return { kind: 'more', sequence };
  const next = last === 'resting' ? restUntil() : await deps.deliveries.nextDue(row);
  // New events arrived during the pass: the next pass begins with them.
  if (!(await deps.endpoints.finishPass(row, busyUntil, next))) return { kind: 'more', sequence };
  if (next === null) return { kind: 'idle', sequence };
  const failing = pass.results.failing();
  return { kind: 'waiting', sequence, until: next.toISOString(), ...(failing !== undefined && { failing }) };
}
