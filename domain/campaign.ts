/** The precise states; the API shows them as `state` and maps them to the documented five as `status`. */
export const CAMPAIGN_STATES = [
  'draft',
  'drafting',
  'awaiting_approval',
  'scheduled',
  'freezing',
  'sending',
  'paused',
  'sent',
  'failed',
  'cancelled',
] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

export const CAMPAIGN_STATUSES = ['draft', 'scheduled', 'sending', 'sent', 'failed'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

export type OnUncertain = 'hold' | 'resend';

/** `anySent`: whether a byte of any mail may have left; a cancelled campaign is history only then. */
export function statusOf(state: CampaignState, anySent: boolean): CampaignStatus {
  if (state === 'scheduled' || state === 'sent' || state === 'failed') return state;
  if (state === 'freezing' || state === 'sending' || state === 'paused') return 'sending';
  if (state === 'cancelled' && anySent) return 'sent';
  return 'draft';
}

/** The precise states that a documented status stands for. `cancelled` stands under both `draft` and `sent`. */
export function statesOf(status: CampaignStatus): readonly CampaignState[] {
  if (status === 'draft') return ['draft', 'drafting', 'awaiting_approval', 'cancelled'];
  if (status === 'sending') return ['freezing', 'sending', 'paused'];
  if (status === 'sent') return ['sent', 'cancelled'];
  return [status];
}

/** States in which a workflow owes this campaign something. */
export const LIVE_STATES: readonly CampaignState[] = ['drafting', 'scheduled', 'freezing', 'sending', 'paused'];

/** Kinds an entry of `odd` may have; a recipient below `settled` without an entry is sent. */
export type OddKind = 'failed' | 'skipped' | 'deferred' | 'uncertain' | 'sent';

/** Kinds a round may take up again. */
export type TakenKind = 'failed' | 'deferred' | 'uncertain';

/** What the API answers for one recipient of a campaign. */
export type RecipientStatus = OddKind | 'pending';
