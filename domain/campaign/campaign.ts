import { FAILURES } from '../errors.js';

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

/** The letter of a launch, fixed when it is rendered; its Liquid is filled in for each recipient. */
export interface LetterContent {
  readonly subject: string;
  /** The HTML contains it already. */
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string;
  /** Start and end of each link in a text that was made from the HTML; absent: the text is the author's. */
  readonly text_links?: readonly (readonly [start: number, end: number])[];
  readonly from: { readonly name: string | null; readonly email: string };
  readonly reply_to: string | null;
  /** Name of the list, as in its List-Id. */
  readonly list: string;
}

interface PinnedLaunch {
  readonly state: CampaignState;
  readonly revision: number;
  readonly pinned: number | null;
  readonly rendered?: string | null;
}

/** Hash of the letter that this launch has fixed; null where the letter would be rendered again. */
export function fixedLetter({ state, revision, pinned, rendered = null }: PinnedLaunch): string | null {
  return state === 'draft' || revision !== pinned ? null : rendered;
}

export type OnUncertain = 'hold' | 'resend';

/** `anySent`: whether any mail may have been sent; a cancelled campaign counts as sent only then. */
export function statusOf(state: CampaignState, anySent: boolean): CampaignStatus {
  if (state === 'scheduled' || state === 'sent' || state === 'failed') return state;
  if (state === 'freezing' || state === 'sending' || state === 'paused') return 'sending';
  if (state === 'cancelled' && anySent) return 'sent';
  return 'draft';
}

/** How a campaign ended. `halted`: cancelled with mails sent. `uncertain_left`: the outcome of some mails is not known. */
export const CAMPAIGN_OUTCOMES = ['complete', 'complete_with_failures', 'uncertain_left', 'halted'] as const;
export type CampaignOutcome = (typeof CAMPAIGN_OUTCOMES)[number];

interface Ended {
  readonly recipients: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly anySent: boolean;
}

/** Null: the campaign has not ended, or ended before it had recipients. */
export function outcomeOf(
  state: CampaignState,
  { recipients, failed, uncertain, anySent }: Ended,
): CampaignOutcome | null {
  if (state === 'cancelled') return anySent ? 'halted' : null;
  if ((state !== 'sent' && state !== 'failed') || recipients === 0) return null;
  if (uncertain > 0) return 'uncertain_left';
  return failed > 0 ? 'complete_with_failures' : 'complete';
}

/** The precise states of a documented status. `cancelled` belongs to both `draft` and `sent`. */
export function statesOf(status: CampaignStatus): readonly CampaignState[] {
  if (status === 'draft') return ['draft', 'drafting', 'awaiting_approval', 'cancelled'];
  if (status === 'sending') return ['freezing', 'sending', 'paused'];
  if (status === 'sent') return ['sent', 'cancelled'];
  return [status];
}

/** States in which a campaign has a workflow. */
export const LIVE_STATES: readonly CampaignState[] = [
  'drafting',
  'awaiting_approval',
  'scheduled',
  'freezing',
  'sending',
  'paused',
];

/** Kinds of an entry of `exceptions`; a recipient below `settled` without an entry is sent. */
export type ExceptionKind = 'failed' | 'skipped' | 'deferred' | 'uncertain' | 'sent';

/** What a later round may take; `unsent`: recipients whom a cancel left without an attempt, or waiting for the next one. */
export type RetriedKind = 'failed' | 'deferred' | 'uncertain' | 'unsent';

/** Statuses of one recipient of a campaign in the API. */
export const RECIPIENT_STATUSES = ['sent', 'failed', 'uncertain', 'skipped', 'deferred', 'pending'] as const;
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number];

/** Actions that a caller may request for a campaign; encodes the table in API.md. */
export type CampaignAction =
  | 'patch_content'
  | 'patch_settings'
  | 'delete'
  | 'send'
  | 'schedule'
  | 'pause'
  | 'resume'
  | 'cancel'
  | 'rate'
  | 'retry'
  | 'approve'
  | 'reject';

type Refusal =
  | 'already_sent'
  | 'already_sending'
  | 'busy'
  | 'cannot_delete'
  | 'not_awaiting_approval'
  | 'not_editable'
  | 'not_sending'
  | 'not_paused'
  | 'not_sent';

type Phase = 'open' | 'drafting' | 'approval' | 'scheduled' | 'live' | 'paused' | 'closed';

function phaseOf(state: CampaignState, anySent: boolean): Phase {
  if (state === 'draft') return 'open';
  if (state === 'awaiting_approval') return 'approval';
  if (state === 'drafting' || state === 'scheduled' || state === 'paused') return state;
  if (state === 'freezing' || state === 'sending') return 'live';
  return state === 'cancelled' && !anySent ? 'open' : 'closed';
}

const NOT_AWAITING_APPROVAL = {
  open: 'not_awaiting_approval',
  drafting: 'not_awaiting_approval',
  scheduled: 'not_awaiting_approval',
  live: 'not_awaiting_approval',
  paused: 'not_awaiting_approval',
  closed: 'not_awaiting_approval',
} as const;

/** The refusal of each action in each phase. A missing phase means that the action is allowed. */
const REFUSALS: Record<CampaignAction, Partial<Record<Phase, Refusal>>> = {
  patch_content: { drafting: 'busy', live: 'not_editable', paused: 'not_editable', closed: 'not_editable' },
  patch_settings: { drafting: 'busy', closed: 'not_editable' },
  delete: { live: 'cannot_delete', paused: 'cannot_delete', closed: 'cannot_delete' },
  send: { drafting: 'busy', live: 'already_sending', paused: 'already_sending', closed: 'already_sent' },
  schedule: { drafting: 'busy', live: 'already_sending', paused: 'already_sending', closed: 'already_sent' },
  pause: {
    open: 'not_sending',
    drafting: 'not_sending',
    approval: 'not_sending',
    scheduled: 'not_sending',
    closed: 'not_sending',
  },
  resume: {
    open: 'not_paused',
    drafting: 'not_paused',
    approval: 'not_paused',
    scheduled: 'not_paused',
    closed: 'not_paused',
  },
  cancel: { open: 'not_sending', closed: 'already_sent' },
  rate: { closed: 'not_sending' },
  retry: {
    open: 'not_sent',
    drafting: 'not_sent',
    approval: 'not_sent',
    scheduled: 'not_sent',
    live: 'already_sending',
    paused: 'already_sending',
  },
  approve: NOT_AWAITING_APPROVAL,
  reject: NOT_AWAITING_APPROVAL,
};

/** The code of the refusal, or undefined where the action is allowed. Cancelling twice is allowed and changes nothing. */
export function refusalOf(action: CampaignAction, state: CampaignState, anySent: boolean): Refusal | undefined {
  if (action === 'cancel' && state === 'cancelled') return undefined;
  return REFUSALS[action][phaseOf(state, anySent)];
}

const RESUME_FIRST =
  'The campaign is paused. To send the rest, resume it: POST /campaigns/{id}/resume, or the update `resume` in Temporal.';

/** The sentence of a refusal, with the way on where there is one. */
export function refusalSentence(refusal: Refusal, state: CampaignState): string {
  return state === 'paused' && refusal === 'already_sending' ? RESUME_FIRST : FAILURES[refusal].message;
}
