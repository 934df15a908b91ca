import type { Rate } from '../transport.js';
import { rateSentence, type Waiting, type WaitingReason } from '../waiting/waiting.js';

/** What the pages of a round show that were worked on in the last minute. */
export interface RecentProgress {
  /** Recipients with an outcome since their pages were taken. */
  readonly mails: number;
  /** Milliseconds since the first of these pages was taken. */
  readonly ms: number;
  readonly in_flight: number;
}

export const SPEED_LIMITS = ['rate', 'mail_server', 'worker'] as const;

/** How fast a campaign is sent, and what keeps it from being faster. */
export interface CampaignSpeed {
  /** Recipients with an outcome per second. */
  readonly per_second: number;
  readonly in_flight: number;
  /** Where the campaign waits, what it waits for. */
  readonly limited_by: WaitingReason | (typeof SPEED_LIMITS)[number];
  readonly detail: string;
}

export interface SpeedFacts {
  readonly recent: RecentProgress | null;
  readonly waiting: Waiting | null;
  /** Of the campaign, its account and its transport. */
  readonly rates: readonly Rate[];
  /** One of the rates has no token at this moment. */
  readonly isUsedUp: boolean;
}

/** A campaign that makes use of so much of a rate is limited by it. */
const NEAR_THE_RATE = 0.7;

export function speedOf({ recent, waiting, rates, isUsedUp }: SpeedFacts): CampaignSpeed {
  const { mails = 0, ms = 0, in_flight = 0 } = recent ?? {};
  const per_second = ms <= 0 ? 0 : Math.round((mails * 10_000) / ms) / 10;
  const speed = { per_second, in_flight };
  if (waiting !== null) return { ...speed, limited_by: waiting.reason, detail: waiting.detail };
  const [lowest] = rates.toSorted((a, b) => a.perSecond - b.perSecond);
  if (lowest !== undefined && (isUsedUp || per_second >= lowest.perSecond * NEAR_THE_RATE)) {
    return { ...speed, limited_by: 'rate', detail: rateSentence(lowest) };
  }
  if (in_flight > 0) {
    const mailsInFlight = in_flight === 1 ? '1 mail is' : `${in_flight} mails are`;
    const detail = `${mailsInFlight} in flight: the replies of the mail server and the connections to it decide.`;
    return { ...speed, limited_by: 'mail_server', detail };
  }
  return { ...speed, limited_by: 'worker', detail: 'No mail is in flight: the workers prepare mails, or send others.' };
}

/** The whole sending of a campaign, from its launch on; freeze, pauses and all rounds are part of it. */
export interface CampaignSending {
  readonly from: Date;
  /** Null: it goes on. */
  readonly to: Date | null;
  /** Recipients whose mail was tried to the end: sent, failed and uncertain ones. */
  readonly mails: number;
  readonly seconds: number;
  readonly per_second: number;
}

export interface SendingTimes {
  readonly launched_at: Date | null;
  /** Since when it is not being sent: its end or a pause; null: it goes on. */
  readonly stopped_at: Date | null;
}

/** Null: it was not launched. */
export function sendingOf({ launched_at, stopped_at }: SendingTimes, mails: number, now: Date): CampaignSending | null {
  if (launched_at === null) return null;
  const seconds = Math.max(1, Math.round(((stopped_at ?? now).getTime() - launched_at.getTime()) / 1_000));
  return { from: launched_at, to: stopped_at, mails, seconds, per_second: Math.round((mails * 100) / seconds) / 100 };
}
