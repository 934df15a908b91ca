import type { WaitingReason } from '../waiting/waiting.js';

interface ReasonMeaning {
  /** Continues "the campaign stopped because". Markdown. */
  readonly meaning: string;
  /** What a campaign with this reason waits for; absent: it does not wait. */
  readonly waitsFor?: WaitingReason;
}

const paused = (meaning: string): ReasonMeaning => ({ meaning, waitsFor: 'paused' });

/** Every `reason` of a campaign. */
export const CAMPAIGN_REASONS = {
  cancelled: { meaning: 'a caller or an operator cancelled the campaign' },
  ai_failed: { meaning: 'the model wrote no usable draft' },
  rejected: { meaning: 'an approver rejected the campaign' },
  approval_expired: { meaning: 'no approver answered in time' },
  content_blocked: paused(
    'the content check at the launch found errors: correct the brand or the template and resume, or cancel; or the letter cannot be rendered for too many recipients: correct their data and resume, or cancel',
  ),
  template_not_published: paused(
    'the campaign names a template without a published version; publish it and resume, or cancel',
  ),
  quota_exceeded: { meaning: 'the plan has too few mails left this month', waitsFor: 'quota' },
  account_suspended: paused('the account is suspended and may not send'),
  account_closed: paused('the account is closed and may not send'),
  engine_stopped: paused('an operator terminated the workflow'),
  restored: paused(
    'the database was restored from a backup, and mail may have been sent since; look at its uncertain recipients, then resume or cancel',
  ),
  bad_signing_key: paused("a DKIM key of the sender's domain does not work, or another key is published"),
  domain_not_verified: paused("`REQUIRE_VERIFIED_DOMAINS` is on and the sender's domain is not verified"),
  complaint_rate: paused('too many recipients complained'),
  bounce_rate: paused('too many mails hard bounced'),
  auth_failure: paused('the mail server refuses this sender: it fails authentication'),
  invalid_sender: paused('the mail server refuses this sender'),
  transport_unavailable: {
    meaning: 'the mail server cannot be reached; sending continues by itself when it can',
    waitsFor: 'transport',
  },
  server_quota_exceeded: {
    meaning: 'the quota of the mail server is used up; sending continues by itself',
    waitsFor: 'quota',
  },
  server_full: { meaning: 'the mail server has no storage left; sending continues by itself', waitsFor: 'transport' },
  server_rate_limited: {
    meaning: 'the mail server limits the rate of all mail; sending continues by itself',
    waitsFor: 'rate',
  },
  rate_limit: {
    meaning: 'other mail uses the rate limit of the account or the transport; sending continues by itself',
    waitsFor: 'rate',
  },
} as const satisfies Readonly<Record<string, ReasonMeaning>>;
type CampaignReason = keyof typeof CAMPAIGN_REASONS;

/** A reason for which a campaign that is sending makes no progress, and goes on by itself. */
export type HoldReason = Extract<
  CampaignReason,
  'transport_unavailable' | 'server_quota_exceeded' | 'server_full' | 'server_rate_limited' | 'rate_limit'
>;

export function reasonMeaning(reason: string): ReasonMeaning | undefined {
  return (CAMPAIGN_REASONS as Readonly<Record<string, ReasonMeaning>>)[reason];
}
