import { randomBytes } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { Approval } from '../../domain/campaign/approval.js';
import type { CampaignState, OnUncertain, RetriedKind } from '../../domain/campaign/campaign.js';
import type { ReputationBaseline } from '../../domain/campaign/reputation.js';
import type { StoredFinding } from '../../domain/mail/finding.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { addOnce } from '../mongo/insert-once.js';
import { addWithinCapacity } from '../quotas/capacity.js';
import { approving, reopenApproval } from './approval.js';
import { controls, writeAsSeen } from './controls.js';
import { type Drafting, drafting } from './drafting.js';

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
  /** What the body is rendered into; null: the body is the whole letter. */
  readonly template_id: number | null;
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string | null;
  readonly from: Sender | null;
  readonly reply_to: string | null;
}

export interface CampaignRound {
  readonly takes: readonly RetriedKind[];
  readonly due: Date;
  /** Only these subscribers, where an operator named them. */
  readonly only?: readonly number[];
}

/** What should be; every control write raises `v`, so that a late one cannot override a later one. */
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
  /** Random, for ever: the MIME boundary and the mark in each Message-ID come from it. */
  readonly seed: string;
  readonly settings: CampaignSettings;
  readonly state: CampaignState;
  readonly reason: string | null;
  /** The draft it waits for while it is `drafting`. */
  readonly drafting?: Drafting;
  /** It goes out only after somebody's yes; absent or null: nobody is asked. */
  readonly approval?: Approval | null;
  /** Number of the draft that its text came from. */
  readonly chosen_draft?: number;
  readonly want: Want;
  /** The last `want.v` its workflow has acted on. */
  readonly applied_v: number;
  /** Counts launches: a workflow of an earlier launch ends when it sees another number. */
  readonly launch: number;
  /** −1 before the freeze. */
  readonly round: number;
  readonly rounds: readonly CampaignRound[];
  readonly up_to: number | null;
  /** Raised by every change of content; sending uses the one pinned at launch. */
  readonly revision: number;
  readonly pinned: number | null;
  /** Hash of the letter that was rendered at this launch, in `contents`: every worker compiles these bytes. */
  readonly rendered?: string | null;
  /** The template of that letter; null where it needed none. */
  readonly rendered_template?: number | null;
  /** What the look at this launch's letter found; null before it. */
  readonly findings?: readonly StoredFinding[] | null;
  /** Who it is from, fixed at the freeze: a later change of a default must not change a Message-ID. */
  readonly sender: Sender | null;
  /** Complaints and bounces that paused it once: its resume excused them. */
  readonly excused?: ReputationBaseline | null;
  readonly recipient_count: number;
  readonly scheduled_at: Date | null;
  readonly launched_at: Date | null;
  readonly sent_at: Date | null;
  readonly closed_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the sweep should look at this row again; null where no workflow is owed. */
  readonly sweep_at: Date | null;
  /** The Idempotency-Key's claim that made it, so that a repeat after a crash finds it. */
  readonly origin?: string;
  /** The claim under which it was launched last: the same request finds that it was done. */
  readonly launch_origin?: string;
}

export interface NewCampaign extends CampaignContent {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  readonly creation_method: 'html' | 'ai';
  readonly settings: CampaignSettings;
  readonly approval?: Approval | null;
  /** It begins as `drafting`. */
  readonly drafting?: Drafting;
  readonly origin?: string;
}

/** What a caller may change; `scheduled_at` only while scheduled. */
export type CampaignChange = Partial<
  CampaignContent & Pick<Campaign, 'list_id' | 'settings' | 'chosen_draft' | 'approval'>
> & {
  readonly scheduled_at?: Date;
};

/** The row as it was read: a write happens only if nothing was decided about it since. */
export type Seen = Pick<
  Campaign,
  '_id' | 'account' | 'state' | 'want' | 'revision' | 'launch' | 'approval' | 'rendered'
>;

export type Campaigns = ReturnType<typeof campaigns>;

/** Campaign rows. Every control write is a compare-and-set on (state, want.v): the loser reads again and decides anew. */
export function campaigns(store: Store) {
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  return { ...reading(rows), ...editing(store, rows), ...controls(rows), ...drafting(rows), ...approving(rows) };
}

function reading(rows: Collection<Campaign>) {
  return {
    find: (account: number, _id: number): Promise<Campaign | null> => rows.findOne({ _id, account }),
  };
}

function editing(store: Store, rows: Collection<Campaign>) {
  return {
    /** Adds a draft; the same `origin` finds the campaign it made before. Atomic: one insert. */
    create: async (fresh: NewCampaign): Promise<Campaign> => {
      const at = now();
      const row: Campaign = {
        ...fresh,
        seed: randomBytes(16).toString('base64url'),
        state: fresh.drafting === undefined ? 'draft' : 'drafting',
        reason: null,
        want: { v: 0, rate: null, at },
        applied_v: 0,
        launch: 0,
        round: -1,
        rounds: [],
        up_to: null,
        revision: 1,
        pinned: null,
        sender: null,
        recipient_count: 0,
        scheduled_at: null,
        launched_at: null,
        sent_at: null,
        closed_at: null,
        created_at: at,
        updated_at: at,
        sweep_at: null,
      };
      return addOnce(rows, row, () =>
        addWithinCapacity(store, 'campaigns', row, fresh.origin && { origin: fresh.origin }, (session) =>
          (session ? store.db.collection<Campaign>('campaigns') : rows).insertOne(row, session && { session }),
        ),
      );
    },

    /** Changes content, settings or the time in one write; null if the row was steered or edited meanwhile. */
    edit: (seen: Seen, change: CampaignChange): Promise<Campaign | null> => {
      const revision = withRevision(seen, change);
      const asked = reopenApproval(seen, change, 'revision' in revision);
      return writeAsSeen(rows, seen, {
        ...change,
        ...revision,
        ...withControlVersion(seen, change, 'state' in asked),
        ...asked,
      });
    },

    remove: async ({ account, _id, state, want }: Seen): Promise<boolean> =>
      (await rows.deleteOne({ account, _id, state, 'want.v': want.v })).deletedCount === 1,
  };
}

/** Another content is another revision; a scheduled campaign sends its latest. */
function withRevision({ state, revision }: Seen, change: CampaignChange): Partial<Campaign> {
  const { settings, scheduled_at, approval, ...content } = change;
  if (Object.keys(content).length === 0) return {};
  const isPinned = state === 'scheduled' || state === 'awaiting_approval';
  return { revision: revision + 1, ...(isPinned && { pinned: revision + 1, rendered: null, findings: null }) };
}

/** Settings and time are controls: another version, so that of two changes at once neither is lost. */
function withControlVersion(
  { want }: Seen,
  { settings, scheduled_at, approval }: CampaignChange,
  isAsked: boolean,
): Partial<Campaign> {
  if (settings === undefined && scheduled_at === undefined && approval === undefined && !isAsked) return {};
  const at = now();
  return { want: { ...want, v: want.v + 1, at }, ...((scheduled_at !== undefined || isAsked) && { sweep_at: at }) };
}
