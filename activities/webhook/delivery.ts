import { monotonic, now } from '../../clock.js';
import type { EndpointInput } from '../../workflows/messages.js';
import { withHeartbeat } from '../heartbeat.js';
import { deliveryPass, restUntil, type WebhookDeps } from './delivery-pass.js';
import { publishMissed } from './missed-events.js';
import { nextStep, type StepResult } from './pass-step.js';

/** Places and times only: what is said and to whom stands in the rows. */
export type PassResult =
  | { readonly kind: 'more' | 'idle' | 'off'; readonly sequence: number }
  /** Nothing to do before then; ISO 8601. */
  | { readonly kind: 'waiting'; readonly sequence: number; readonly until: string };

/** One pass works this long, so that endpoints share the slots of a process fairly, and a stop never waits for a backlog. */
const PASS_MS = 20_000;
const HEARTBEAT_MS = 4_000;
/** What a pass may take beyond its time: attempts under way, writes. */
const GRACE_MS = 25_000;

export function webhookActivities(deps: WebhookDeps) {
  return {
    /** Brings what is due and what is new to one endpoint, for a while. Kill it at any line: what was not written is repeated. */
    deliverEvents: async ({ account, endpoint }: EndpointInput): Promise<PassResult> => {
      return withHeartbeat(deps, HEARTBEAT_MS, () => pass(deps, account, endpoint));
    },
  };
}

async function pass(deps: WebhookDeps, account: number, id: number): Promise<PassResult> {
  const end = monotonic() + (deps.hookPassMs ?? PASS_MS);
  const busy = new Date(now().getTime() + PASS_MS + GRACE_MS);
  const row = await deps.endpoints.startPass(account, id, busy);
  if (row === null) return { kind: 'off', sequence: 0 };
  const current = deliveryPass(deps, row, end);
  await publishMissed(current);
  let last: StepResult = 'more';
  while (last === 'more') last = await nextStep(current);
  await current.window.settle();
  const sequence = current.window.sequence();
  if (current.endedBy === 'off') return { kind: 'off', sequence };
  if (current.endedBy === 'changed' || last === 'over') return { kind: 'more', sequence };
  const next = last === 'resting' ? restUntil(current) : await deps.deliveries.nextDue(row);
  // Something came up meanwhile: the next pass begins with it.
  if (!(await deps.endpoints.finishPass(row, busy, next))) return { kind: 'more', sequence };
  return next === null ? { kind: 'idle', sequence } : { kind: 'waiting', sequence, until: next.toISOString() };
}
