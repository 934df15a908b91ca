import type { Approval } from '../../domain/campaign/approval.js';
import type { CampaignState, OnUncertain, RetriedKind } from '../../domain/campaign/campaign.js';
import type { ReputationBaseline } from '../../domain/campaign/reputation.js';
import type { StoredFinding } from '../../domain/mail/finding.js';
import type { Held } from '../../domain/waiting/campaign-waiting.js';

export interface Sender {
  readonly name: string | null;
  readonly email: string;
}

export interface CampaignSettings {
  readonly rate_per_second: number | null;
  readonly on_uncertain: OnUncertain;
  readonly track_opens: boolean;
  readonly track_clicks: boolean;
  /** Hours after the launch in which deferred recipients are tried again. */
  readonly ttl_hours: number;
}

export interface CampaignContent {
  readonly name: string;
  /** The template around the body; null: the body is the whole letter. */
  readonly template_id: number | null;
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string | null;
  readonly from: Sender | null;
  readonly reply_to: string | null;
}

/** What a pause leaves in the row: the counts that a resume excuses, what is wrong with the letter, a sentence, or a restore. */
export interface PauseRecord extends Partial<Pick<Campaign, 'excused' | 'findings' | 'restored'>> {
  readonly detail?: string;
}

/** The letter that a launch has fixed: its hash, its template, and the findings of its check. */
export type RenderedLetter = Pick<Campaign, 'rendered' | 'rendered_template' | 'findings'>;

export interface CampaignRound {
  readonly takes: readonly RetriedKind[];
  readonly due: Date;
  /** When it was opened; its recipients wait from then until it is due. */
  readonly opened_at?: Date;
  /** Only these subscribers, where the operator listed them. */
  readonly only?: readonly number[];
}

/** The desired state. Every control write increments `v`, so that a delayed write cannot override a later one. */
export interface Want {
  readonly v: number;
  readonly rate: number | null;
  readonly at: Date;
}

export interface Campaign extends CampaignContent {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  readonly creation_method: 'html' | 'ai';
  /** Random and constant: the MIME boundary and the mark in each Message-ID derive from it. */
  readonly seed: string;
  readonly settings: CampaignSettings;
  readonly state: CampaignState;
  readonly reason: string | null;
  /** Since when it is paused, or makes no progress for `reason`; null where it moves. */
  readonly held?: Held | null;
  /** The draft that a `drafting` campaign waits for. */
  readonly drafting?: Drafting;
  /** The campaign is sent only after approval; absent or null: no approval needed. */
  readonly approval?: Approval | null;
  /** Number of the draft chosen as the campaign's text. */
  readonly chosen_draft?: number;
  readonly want: Want;
  /** The last `want.v` its workflow has acted on. */
  readonly applied_v: number;
  /** Number of the launch: a workflow of an earlier launch ends when it reads another number. */
  readonly launch: number;
  /** −1 before the freeze. */
  readonly round: number;
  readonly rounds: readonly CampaignRound[];
  readonly up_to: number | null;
  /** Incremented by every change of content; sending uses the revision pinned at launch. */
  readonly revision: number;
  readonly pinned: number | null;
  /** Hash of the letter in `contents` that was rendered at this launch; every worker compiles these bytes. */
  readonly rendered?: string | null;
  /** The template of that letter; null: no template. */
  readonly rendered_template?: number | null;
  /** Findings of the check of this launch's letter; null before the check. */
  readonly findings?: readonly StoredFinding[] | null;
  /** The sender, fixed at the freeze: a later change of a default must not change a Message-ID. */
  readonly sender: Sender | null;
  /** A restored database has not all pages of this round: those still to be added are uncertain from the start. */
  readonly restored?: Pick<Campaign, 'launch' | 'round'>;
  /** Complaints and bounces that a resume excused. */
  readonly excused?: ReputationBaseline | null;
  readonly recipient_count: number;
  readonly scheduled_at: Date | null;
  readonly launched_at: Date | null;
  readonly sent_at: Date | null;
  readonly closed_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the sweep checks this row again; null where the campaign needs no workflow. */
  readonly sweep_at: Date | null;
  /** The Idempotency-Key's claim that created the campaign, so that a retry after a crash finds it. */
  readonly origin?: string;
  /** The claim of the last launch, so that a retry of the same request finds its launch. */
  readonly launch_origin?: string;
}

export interface NewCampaign extends CampaignContent {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  readonly creation_method: 'html' | 'ai';
  readonly settings: CampaignSettings;
  readonly approval?: Approval | null;
  /** Creates the campaign as `drafting`. */
  readonly drafting?: Drafting;
  readonly origin?: string;
}

/** What a caller may change; `scheduled_at` only while scheduled. */
export type CampaignChange = Partial<
  CampaignContent & Pick<Campaign, 'list_id' | 'settings' | 'chosen_draft' | 'approval'>
> & {
  readonly scheduled_at?: Date;
};

/** The row as it was read: a write succeeds only if state and version are unchanged since. */
export type Seen = Pick<
  Campaign,
  '_id' | 'account' | 'state' | 'want' | 'revision' | 'launch' | 'approval' | 'rendered'
>;

/** What a campaign that is being drafted waits for, and what becomes of it then. */
export interface Drafting {
  /** Number of the draft. */
  readonly n: number;
  readonly send: boolean;
  /** When it is to be sent, where not at once. */
  readonly at: Date | null;
}
