import type { CampaignState, OnUncertain, RecipientStatus } from '../campaign/campaign.js';
import type { SubscriberStatus } from '../subscriber/subscriber.js';
import { readable } from '../timestamp.js';

/** Why a mail did or did not reach a person: a stable word for programs, and one sentence for people. */
export interface Answer<Code extends string> {
  readonly code: Code;
  readonly sentence: string;
}

export interface SuppressionFacts {
  readonly reason: string;
  /** The reply, report or caller that led to it; null where none is stored, or where the reader may not see it. */
  readonly evidence: string | null;
  readonly since: Date;
}

/** The person's row on the list of the campaign. */
export interface SubscriberFacts {
  readonly status: SubscriberStatus;
  readonly created_at: Date;
  readonly subscribed_at: Date;
  readonly unsubscribed_at: Date | null;
  /** When they last unsubscribed, also if they came back since. */
  readonly left_at: Date | null;
  /** When they confirmed a subscription by mail. */
  readonly confirmed_at: Date | null;
}

/** The person in the ledger, in the round that decides. */
export interface RecipientFacts {
  readonly status: RecipientStatus;
  readonly class: string | null;
  readonly code: string | null;
  readonly reply: string | null;
  readonly round: number;
  /** Rounds in which a mail may have left. */
  readonly attempts: number;
  readonly updated_at: Date | null;
}

export interface CampaignFacts {
  readonly state: CampaignState;
  readonly reason: string | null;
  readonly list_id: number;
  readonly on_uncertain: OnUncertain;
  readonly scheduled_at: Date | null;
  /** When the freeze of the audience began; null before it. */
  readonly frozen_at: Date | null;
  /** `growing`: pages are still being added. `cut`: a cancel ended the freeze. */
  readonly audience: 'none' | 'growing' | 'cut' | 'complete';
  /** When the last opened round is due, and its number. */
  readonly last_round: { readonly n: number; readonly due: Date } | null;
  /** Deferred recipients are tried until then. */
  readonly tried_until: Date | null;
}

/** A report about a mail that had been accepted. */
export interface ReportFacts {
  readonly at: Date;
  readonly reply: string | null;
}

/** A time in which nothing could be handed over, and which is over. */
export interface EndedHold {
  readonly from: Date;
  readonly to: Date;
  readonly reason: string;
}

export function heldWords(subject: string, hold: EndedHold | null): string {
  return hold === null
    ? ''
    : ` ${subject} waited from ${readable(hold.from)} to ${readable(hold.to)} (${hold.reason}).`;
}

/** `after "550 5.1.1 no such user"`, with what the server or the report said; empty where nothing is known. */
export function quoted(reply: string | null, code: string | null = null): string {
  const said = reply ?? code;
  return said === null || said === '' ? '' : `: "${said}"`;
}

export function sinceSuppressed({ reason, evidence, since }: SuppressionFacts): string {
  const after = evidence === null || evidence === '' ? '' : `, after "${evidence}"`;
  return `suppressed since ${readable(since)} (${reason})${after}`;
}

/** What became of an accepted mail later, as further sentences. */
export function laterReports(bounced: ReportFacts | null, complained: ReportFacts | null): string {
  return [
    bounced && `It bounced later, on ${readable(bounced.at)}${quoted(bounced.reply)}.`,
    complained && `The recipient reported it as spam on ${readable(complained.at)}.`,
  ]
    .filter((sentence) => sentence !== null)
    .map((sentence) => ` ${sentence}`)
    .join('');
}
