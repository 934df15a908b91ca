import { randomBytes } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { addOnce } from '../mongo/duplicate-key.js';
import { addWithinCapacity } from '../quotas/capacity.js';
import { approving, controls, drafting, reopenApproval, writeAsSeen } from './controls.js';
import type { Campaign, CampaignChange, NewCampaign, Seen } from './row.js';

export type Campaigns = ReturnType<typeof campaigns>;

/** Campaign rows. Every control write is a compare-and-set on (state, want.v); the loser reads the row and decides again. */
export function campaigns(store: Store) {
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  return { ...reading(rows), ...editing(store, rows), ...controls(rows), ...drafting(rows), ...approving(rows) };
}

function reading(rows: Collection<Campaign>) {
  return {
    find: (account: number, _id: number): Promise<Campaign | null> => rows.findOne({ _id, account }),

    /** The campaigns whose round is due, of all accounts. */
    sending: (): Promise<Pick<Campaign, '_id' | 'account'>[]> => {
      const dueAt = { $getField: { field: 'due', input: { $arrayElemAt: ['$rounds', '$round'] } } };
      return rows
        .find({ state: 'sending', $expr: { $lte: [dueAt, '$$NOW'] } })
        .project<Pick<Campaign, '_id' | 'account'>>({ account: 1 })
        .toArray();
    },
  };
}

function editing(store: Store, rows: Collection<Campaign>) {
  return {
    /** Creates a draft; the same `origin` finds the campaign that it created before. Atomic: one insert. */
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
    edit: (seen: Seen & Pick<Campaign, 'reason'>, change: CampaignChange): Promise<Campaign | null> => {
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

/** A change of content creates a new revision; a scheduled campaign sends its latest. With a text, a failed draft is over. */
function withRevision(
  { state, revision, reason }: Seen & Pick<Campaign, 'reason'>,
  change: CampaignChange,
): Partial<Campaign> {
  const { settings, scheduled_at, approval, ...content } = change;
  if (Object.keys(content).length === 0) return {};
  const isPinned = state === 'scheduled' || state === 'awaiting_approval';
  const isWritten = reason === 'ai_failed' && content.html !== undefined;
  return {
    revision: revision + 1,
    ...(isWritten && { reason: null }),
    ...(isPinned && { pinned: revision + 1, rendered: null, findings: null }),
  };
}

/** A change of settings or time is a control write with a new version, so that no concurrent change is lost. */
function withControlVersion(
  { want }: Seen,
  { settings, scheduled_at, approval }: CampaignChange,
  isAsked: boolean,
): Partial<Campaign> {
  if (settings === undefined && scheduled_at === undefined && approval === undefined && !isAsked) return {};
  const at = now();
  return { want: { ...want, v: want.v + 1, at }, ...((scheduled_at !== undefined || isAsked) && { sweep_at: at }) };
}
