import type { MessageAttempt, MessageState } from '../message/message.js';
import {
  isLate,
  partialTrouble,
  rateSentence,
  routeTrouble,
  silentWorker,
  type UsedUpRate,
  type Waiting,
  type WaitingRoute,
  withReply,
} from './waiting.js';

/** The fields of a message that say what it waits for. */
export interface WaitingMessage {
  readonly state: MessageState;
  readonly attempts: readonly MessageAttempt[];
  readonly due: Date;
  readonly seen: Date;
  readonly created_at: Date;
}

/** What is known of a message that is due or being sent, beside its row. */
export interface MessageFacts {
  /** Of a message that is being sent: when another worker decides, if its owner has been silent for half a lease. */
  readonly decidedAt: Date | undefined;
  /** A worker has begun it, or has found that its transport is down. */
  readonly wasTaken: boolean;
  readonly routes: readonly WaitingRoute[];
  /** A rate of the account or its transport without a token. */
  readonly usedUp: UsedUpRate | undefined;
}

export function messageNeedsFacts({ state, due }: WaitingMessage, now: Date): boolean {
  return state === 'sending' || ((state === 'accepted' || state === 'deferred') && due <= now);
}

/** What a message waits for; null where it moves or is final. Without facts, a message that is due moves. */
export function messageWaiting(row: WaitingMessage, now: Date, facts?: MessageFacts): Waiting | null {
  const { state, due, seen } = row;
  if (state === 'sending')
    return facts?.decidedAt === undefined ? null : silentWorker(seen, facts.decidedAt, 'decides');
  if (state !== 'accepted' && state !== 'deferred') return null;
  if (due > now) return notDue(row);
  return facts === undefined ? null : overdue(row, now, facts);
}

function notDue({ attempts, due, created_at }: WaitingMessage): Waiting {
  const last = attempts.at(-1);
  if (last === undefined) {
    const detail = `It is sent at ${due.toISOString()}.`;
    return { reason: 'schedule', since: created_at, next_try: due, detail };
  }
  const sentence = `Attempt ${last.n} ended as ${last.outcome} (${last.class}).`;
  return { reason: 'retry', since: new Date(last.at), next_try: due, detail: withReply(sentence, last.reply) };
}

function overdue(row: WaitingMessage, now: Date, { routes, usedUp, wasTaken }: MessageFacts): Waiting | null {
  const since = new Date(Math.max(Number(row.due), Number(row.created_at)));
  const trouble = routeTrouble(routes);
  if (trouble !== undefined) return { ...trouble, since };
  if (usedUp !== undefined && isLate(since, now, SOON)) {
    return { reason: 'rate', since, next_try: new Date(now.getTime() + usedUp.wait), detail: rateSentence(usedUp) };
  }
  if (!isLate(since, now)) return null;
  const partial = partialTrouble(routes);
  if (partial !== undefined) return { ...partial, since };
  const open = { since, next_try: null };
  if (routes.some(({ isBusy }) => isBusy)) {
    return { ...open, reason: 'queue', detail: 'Its transport is sending; other mail is sent before it.' };
  }
  return { ...open, reason: 'worker', detail: wasTaken ? NONE_REPORTS : NOT_TAKEN };
}

/** A message that waits for less than this is not worth a word, milliseconds. */
const SOON = 1_000;
const NOT_TAKEN = 'It is accepted and stored; no worker has taken it yet.';
const NONE_REPORTS = 'No running worker reports that it is sending it.';
