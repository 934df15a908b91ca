import { monotonic, now } from '../clock.js';
import type { EndpointInput } from '../workflows/messages.js';
import { courseOf, restOf, type WebhookDeps } from './webhook/course.js';
import { tellMissed } from './webhook/missed.js';
import { type Step, step } from './webhook/reading.js';

/** Places and times only: what is said and to whom stands in the rows. */
export type PassResult =
  | { readonly kind: 'more' | 'idle' | 'off'; readonly place: number }
  /** Nothing to do before then; ISO 8601. */
  | { readonly kind: 'waiting'; readonly place: number; readonly until: string };

/** One pass works this long, so that endpoints share the slots of a process fairly, and a stop never waits for a backlog. */
const PASS_MS = 20_000;
const HEARTBEAT_MS = 4_000;
/** What a pass may take beyond its time: attempts under way, writes. */
const AFTERWARDS = 25_000;

export function webhookActivities(deps: WebhookDeps) {
  return {
    /** Brings what is due and what is new to one endpoint, for a while. Kill it at any line: what was not written is repeated. */
    deliverEvents: async ({ account, endpoint }: EndpointInput): Promise<PassResult> => {
      deps.heartbeat();
      const beat = setInterval(deps.heartbeat, HEARTBEAT_MS);
      try {
        return await pass(deps, account, endpoint);
      } finally {
        clearInterval(beat);
      }
    },
  };
}

async function pass(deps: WebhookDeps, account: number, id: number): Promise<PassResult> {
  const end = monotonic() + (deps.hookPassMs ?? PASS_MS);
  const busy = new Date(now().getTime() + PASS_MS + AFTERWARDS);
  const row = await deps.endpoints.begin(account, id, busy);
  if (row === null) return { kind: 'off', place: 0 };
  const course = courseOf(deps, row, end);
  await tellMissed(course);
  let last: Step = 'more';
  while (last === 'more') last = await step(course);
  await course.window.settle();
  const place = course.window.place();
  if (course.over === 'off') return { kind: 'off', place };
  if (course.over === 'changed' || last === 'over') return { kind: 'more', place };
  const next = last === 'resting' ? restOf(course) : await deps.deliveries.nextDue(row);
  // Something came up meanwhile: the next pass begins with it.
  if (!(await deps.endpoints.rest(row, busy, next))) return { kind: 'more', place };
  return next === null ? { kind: 'idle', place } : { kind: 'waiting', place, until: next.toISOString() };
}
