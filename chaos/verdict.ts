/** What the API says of one mail, and what the receiver says of it. */
export interface JudgedMail {
  /** The address, which no other mail of the run has. */
  readonly to: string;
  /** The status of the recipient or the state of the message; undefined: the API does not know it. */
  readonly status: string | undefined;
  /** How often the receiver accepted a mail to the address. */
  readonly accepted: number;
}

export interface JudgedCampaign {
  /** The campaign waits for the next try of those that were put off: they are pending in its last round. */
  readonly waitsForRetry: boolean;
  readonly recipients: readonly JudgedMail[];
  /** How many recipients the campaign has, and how many it counts in each status. */
  readonly counted: { readonly recipients: number; readonly byStatus: Readonly<Record<string, number>> };
}

/** The record of a run, from which the verdict follows. */
export interface RunRecord {
  readonly campaigns: readonly JudgedCampaign[];
  readonly messages: readonly JudgedMail[];
  /** Mails that the faults may have left in doubt (docs/architecture/protocol.md "Bound on uncertain"). */
  readonly bound: number;
  /** Public ids of the events in the log, and of those that the webhook received. */
  readonly events: { readonly logged: readonly string[]; readonly received: ReadonlySet<string> };
  /** Mails of the month that the account has used of its quota, and those that are reserved for mails under way. */
  readonly quota: { readonly used: number; readonly reserved: number };
}

/** Each array names its mails or events; the promise holds where all are empty and the numbers agree. */
export interface Verdict {
  readonly recipients: number;
  readonly messages: number;
  /** Mails that the receiver accepted once and that are `sent`. */
  readonly deliveredOnce: number;
  /** `sent`, or without a status, but never accepted; or never decided. */
  readonly lost: readonly string[];
  /** Accepted more than once. */
  readonly twice: readonly string[];
  /** Accepted, but said to be failed, skipped, deferred or not sent yet. */
  readonly misreported: readonly string[];
  readonly uncertain: number;
  readonly bound: number;
  /** Refused for good, skipped, or waiting for another try: by name, and not accepted. */
  readonly notDelivered: number;
  /** Whether the counts of each campaign are those of its recipients, and add up. */
  readonly addsUp: boolean;
  readonly webhooksMissing: readonly string[];
  /** Mails counted against the quota minus those sent or uncertain. */
  readonly quotaDrift: number;
  readonly holds: boolean;
}

/** Statuses of mails that did not leave, or were refused. */
const NOT_DELIVERED: ReadonlySet<string> = new Set(['failed', 'skipped', 'deferred', 'cancelled']);

/** Compares what the API says with what the receiver has accepted, mail by mail. */
export function verdictOf(record: RunRecord): Verdict {
  const { campaigns, messages } = record;
  const recipients = campaigns.flatMap((one) => one.recipients.map((mail) => inRound(mail, one.waitsForRetry)));
  const all = [...recipients, ...messages];
  const named = (of: (mail: JudgedMail) => boolean) =>
    all.filter(of).map(({ to, status, accepted }) => `${to}: ${status}, accepted ${accepted}`);
  const sent = all.filter(({ status }) => status === 'sent');
  const uncertain = all.filter(({ status }) => status === 'uncertain').length;
  const found = {
    deliveredOnce: sent.filter(({ accepted }) => accepted === 1).length,
    lost: named(isLost),
    twice: named(({ accepted }) => accepted > 1),
    misreported: named(({ status, accepted }) => accepted > 0 && status !== 'sent' && status !== 'uncertain'),
    notDelivered: all.filter(({ status = '', accepted }) => accepted === 0 && NOT_DELIVERED.has(status)).length,
    addsUp: campaigns.every(addsUp),
    webhooksMissing: record.events.logged.filter((id) => !record.events.received.has(id)),
    quotaDrift: driftOf(record.quota, sent.length + uncertain),
  };
  const isNamed = [found.lost, found.twice, found.misreported, found.webhooksMissing].every(
    ({ length }) => length === 0,
  );
  const holds = isNamed && found.addsUp && found.quotaDrift === 0 && uncertain <= record.bound;
  const size = { recipients: recipients.length, messages: messages.length };
  return { ...size, ...found, uncertain, bound: record.bound, holds };
}

function inRound(mail: JudgedMail, waitsForRetry: boolean): JudgedMail {
  return waitsForRetry && mail.status === 'pending' ? { ...mail, status: 'deferred' } : mail;
}

/** Never accepted, and neither in doubt nor said to have been refused, skipped or put off. */
function isLost({ status = '', accepted }: JudgedMail): boolean {
  return accepted === 0 && status !== 'uncertain' && !NOT_DELIVERED.has(status);
}

/** How far the mails that count are outside of what is used and what is at most used when all that is reserved is. */
function driftOf({ used, reserved }: RunRecord['quota'], mails: number): number {
  return Math.max(0, used - mails) + Math.min(0, used + reserved - mails);
}

function addsUp({ recipients, counted }: JudgedCampaign): boolean {
  const byStatus: Record<string, number> = {};
  for (const { status = 'unknown' } of recipients) byStatus[status] = (byStatus[status] ?? 0) + 1;
  const statuses = new Set([...Object.keys(byStatus), ...Object.keys(counted.byStatus)]);
  const same = [...statuses].every((status) => (byStatus[status] ?? 0) === (counted.byStatus[status] ?? 0));
  return same && counted.recipients === recipients.length;
}
