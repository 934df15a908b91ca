import type { Fate } from '../delivery/outcome.js';
import { retryWait } from '../delivery/retry.js';
import type { MessageAttempt, MessageState } from './message.js';

/** The change that an attempt, a check or late evidence makes to a message. */
export interface MessageStep {
  readonly state: Exclude<MessageState, 'accepted' | 'sending' | 'cancelled'>;
  readonly entry: MessageAttempt;
  /** Time of the next attempt, if there is one. */
  readonly due?: Date;
  /** This step uses the one re-send of an uncertain message. */
  readonly resends?: boolean;
}

export interface AttemptFacts {
  /** Number of the attempt, from 1. */
  readonly n: number;
  readonly at: Date;
  /** The request allows one re-send of an uncertain attempt, and it is not used yet. */
  readonly mayResend: boolean;
  /** An earlier attempt is uncertain: a refusal of this one does not mean that the message did not arrive. */
  readonly inDoubt: boolean;
  /** The wait that the refusal requested; milliseconds. */
  readonly requestedDelay?: number | undefined;
  /** Wait before the second attempt, in milliseconds; `retry.ts` has the later ones in proportion. */
  readonly firstRetry: number;
  /** In [0, 1): spreads the waits. */
  readonly chance: number;
}

/** The first attempts wait as long as the server requests; later ones at least as long as the schedule says. */
const TRUSTED_REQUESTS = 3;

/** The step of a message after the fate of one attempt. */
export function stepAfter(fate: Fate, facts: AttemptFacts): MessageStep {
  if (fate.kind === 'sent') {
    const reply = fate.reply ?? null;
    return {
      state: 'sent',
      entry: entryOf('sent', facts, { class: 'accepted', code: reply?.slice(0, 3) ?? null, reply }),
    };
  }
  if (fate.kind === 'uncertain') return uncertainStep(facts, fate, retryWait(1, facts.chance, facts.firstRetry));
  if (fate.kind !== 'deferred') return stepOfRefusal(facts, fate);
  const due = after(facts.at, waitAfter(facts));
  return { state: 'deferred', due, entry: entryOf('deferred', facts, fate, due) };
}

/** The owner is lost and the outcome unknown. A re-send waits until the first mail can no longer be answered. */
export function stepOfLostOwner(facts: Pick<AttemptFacts, 'n' | 'at' | 'mayResend'>, resendAfter: number): MessageStep {
  return uncertainStep(facts, { class: 'owner_lost', code: null, reply: null }, resendAfter);
}

/** The message was not attempted and waits `wait` milliseconds. */
export function stepOfWaiting({ n, at }: Pick<AttemptFacts, 'n' | 'at'>, why: Why, wait: number): MessageStep {
  const due = after(at, wait);
  return { state: 'deferred', due, entry: entryOf('deferred', { n, at }, why, due) };
}

/** The message will not be sent: it is expired, suppressed or not renderable. */
export function stepOfRefusal(facts: Pick<AttemptFacts, 'n' | 'at' | 'inDoubt'>, why: Why): MessageStep {
  const state = facts.inDoubt ? 'uncertain' : 'failed';
  return { state, entry: entryOf(state, facts, why) };
}

/** Late evidence about an uncertain attempt. */
export function stepOfEvidence(facts: Pick<AttemptFacts, 'n' | 'at'>, kind: 'sent' | 'failed', why: Why): MessageStep {
  return { state: kind, entry: entryOf(kind, facts, why) };
}

type Why = Pick<MessageAttempt, 'class' | 'code' | 'reply' | 'rule'>;
type Moment = Pick<AttemptFacts, 'n' | 'at'>;

function uncertainStep(facts: Moment & Pick<AttemptFacts, 'mayResend'>, why: Why, resendAfter: number): MessageStep {
  if (!facts.mayResend) return { state: 'uncertain', entry: entryOf('uncertain', facts, why) };
  const due = after(facts.at, resendAfter);
  return { state: 'deferred', due, resends: true, entry: entryOf('uncertain', facts, why, due) };
}

function waitAfter({ n, requestedDelay, chance, firstRetry }: AttemptFacts): number {
  const ours = retryWait(n, chance, firstRetry);
  if (requestedDelay === undefined) return ours;
  return n <= TRUSTED_REQUESTS ? requestedDelay : Math.max(requestedDelay, ours);
}

function entryOf(outcome: MessageAttempt['outcome'], { n, at }: Moment, why: Why, next?: Date): MessageAttempt {
  const { class: reason, code, reply, rule } = why;
  const reading = { class: reason, code, reply, ...(rule !== undefined && { rule }) };
  return { n, at: at.toISOString(), outcome, ...reading, next: next?.toISOString() ?? null };
}

function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
