import type { Approval } from '../campaign/approval.js';
import type { CampaignState } from '../campaign/campaign.js';
import { reasonMeaning } from '../campaign/reasons.js';
import { PROTOCOL_TIMES } from '../delivery/protocol.js';
import { isLate, routeTrouble, silentWorker, type Waiting, type WaitingRoute, withReply } from './waiting.js';

/** Since when a campaign is paused, or why one that is sending makes no progress. */
export interface Held {
  readonly since: Date;
  /** When it was found so last. */
  readonly at: Date;
  readonly next_try: Date | null;
  /** A sentence, or the last reply of a mail server. */
  readonly detail: string | null;
}

/** The fields of a campaign that say what it waits for. */
export interface WaitingCampaign {
  readonly state: CampaignState;
  readonly reason: string | null;
  readonly held?: Held | null;
  readonly approval?: Approval | null;
  readonly scheduled_at: Date | null;
  readonly want: { readonly at: Date };
  readonly round: number;
  readonly rounds: readonly { readonly due: Date; readonly opened_at?: Date }[];
  readonly updated_at: Date;
}

/** The owners of a round's pages together. */
export interface PageWork {
  /** When one of them wrote last. */
  readonly seen: Date;
  /** Whether that is less than half a lease ago. */
  readonly isLive: boolean;
  readonly isInFlight: boolean;
  /** When another owner may take a page. */
  readonly freeAt: Date;
}

/** What is known of a campaign that is sending, beside its row. */
export interface SendingFacts {
  /** Null: no attempt owns a page of the round. */
  readonly work: PageWork | null;
  readonly routes: readonly WaitingRoute[];
  /** Some campaign is being sent by a running process. */
  readonly othersAreSent: boolean;
}

/** Whether a campaign needs more than its row to say what it waits for. */
export function needsFacts({ state, round, rounds }: WaitingCampaign, now: Date): boolean {
  return state === 'sending' && !isRoundToCome(rounds[round]?.due, now);
}

/** What a campaign waits for; null where it moves, has ended or is a draft. */
export function campaignWaiting(row: WaitingCampaign, now: Date, facts?: SendingFacts): Waiting | null {
  switch (row.state) {
    case 'awaiting_approval':
      return row.approval?.requested == null ? null : ofApproval(row.approval.requested);
    case 'scheduled':
      return row.scheduled_at === null ? null : ofSchedule(row.scheduled_at, row.want.at, now);
    case 'freezing':
      return isLate(row.updated_at, now, FREEZE_TAKES) ? withoutWorker(row.updated_at) : null;
    case 'paused':
      return ofPause(row);
    case 'sending':
      return ofSending(row, now, facts);
    default:
      return null;
  }
}

/** A running process reports more often. */
const NO_NEWS_AFTER = PROTOCOL_TIMES.lease / 2;
/** A letter is rendered and a first batch frozen in less; milliseconds. */
const FREEZE_TAKES = 30_000;

function ofApproval({ at, until }: NonNullable<Approval['requested']>): Waiting {
  const detail = `An approver must answer until ${until.toISOString()}; then the request expires.`;
  return { reason: 'approval', since: at, next_try: null, detail };
}

function ofSchedule(due: Date, since: Date, now: Date): Waiting {
  if (isLate(due, now)) return { ...withoutWorker(due), detail: 'Its sending time has come; no worker has begun it.' };
  return { reason: 'schedule', since, next_try: due, detail: `It is sent at ${due.toISOString()}.` };
}

function ofPause({ reason, held, updated_at }: WaitingCampaign): Waiting {
  const known = reason === null ? undefined : reasonMeaning(reason);
  const sentence = known === undefined ? 'A request paused it.' : `${capital(known.meaning)}.`;
  return {
    reason: known?.waitsFor ?? 'paused',
    since: held?.since ?? updated_at,
    next_try: null,
    detail: [sentence, held?.detail ?? ''].filter(Boolean).join(' '),
  };
}

function ofSending(row: WaitingCampaign, now: Date, facts: SendingFacts | undefined): Waiting | null {
  const round = row.rounds[row.round];
  if (round !== undefined && isRoundToCome(round.due, now)) {
    const detail = `Deferred recipients are tried again in round ${row.round}.`;
    return { reason: 'retry', since: round.opened_at ?? row.updated_at, next_try: round.due, detail };
  }
  if (row.held != null) return ofHold(row, row.held, now, facts);
  if (facts === undefined) return null;
  const { work, routes } = facts;
  if (work === null) return withoutOwner(row, now, facts);
  if (!work.isLive) return silentWorker(work.seen, work.freeAt, 'takes over');
  const trouble = work.isInFlight ? undefined : routeTrouble(routes);
  return trouble === undefined ? null : { ...trouble, since: routes[0]?.since ?? work.seen };
}

function isRoundToCome(due: Date | undefined, now: Date): boolean {
  return due !== undefined && due > now;
}

/** A hold that is tried again too late outlives its process. */
function ofHold(row: WaitingCampaign, held: Held, now: Date, facts: SendingFacts | undefined): Waiting {
  const { meaning, waitsFor = 'transport' } = reasonMeaning(row.reason ?? '') ?? { meaning: 'it makes no progress' };
  const hold = { since: held.since, detail: withReply(`${capital(meaning)}.`, held.detail) };
  const tried = held.next_try ?? held.at;
  const isOverdue = facts !== undefined && isLate(tried, now, NO_NEWS_AFTER);
  if (!isOverdue || facts.work?.isLive === true) return { ...hold, reason: waitsFor, next_try: held.next_try };
  const detail = `No worker has tried it again. Before: ${hold.detail}`;
  return { reason: 'worker', since: tried, next_try: null, detail };
}

function withoutOwner(row: WaitingCampaign, now: Date, { routes, othersAreSent }: SendingFacts): Waiting | null {
  const moved = [row.updated_at, ...routes.flatMap(({ accepted_at }) => accepted_at ?? [])].map(Number);
  const since = new Date(Math.min(Math.max(...moved), now.getTime()));
  if (!isLate(since, now)) return null;
  if (othersAreSent) {
    const detail = 'The workers send other campaigns; it waits for its turn.';
    return { reason: 'queue', since, next_try: null, detail };
  }
  return withoutWorker(since);
}

function withoutWorker(since: Date): Waiting {
  return { reason: 'worker', since, next_try: null, detail: 'No worker is working on it.' };
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}
