import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { type CampaignState, LIVE_STATES } from '../../domain/campaign/campaign.js';
import type { StoredFinding } from '../../domain/mail/finding.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { heldSince } from './controls.js';
import type { Campaign, CampaignRound, RenderedLetter } from './row.js';

/** The row of one launch: a step of an earlier launch must not touch a later one. */
export interface LaunchKey {
  readonly account: number;
  readonly campaign: number;
  readonly launch: number;
}

/** What the first round fixes: the highest subscriber id of the audience, and the sender. */
type FixedAtFreeze = Pick<Campaign, 'up_to' | 'sender'>;

export type CampaignProgress = ReturnType<typeof campaignProgress>;

/** What the workflow writes into a campaign's row. Each step is a compare-and-set, and a no-op once it is done. */
export function campaignProgress(store: Store) {
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  return { ...rendering(rows), ...advancing(rows), ...sweeping(rows) };
}

function transitions(rows: Collection<Campaign>) {
  return async (
    key: LaunchKey,
    from: Partial<Record<'round', number>>,
    states: CampaignState[],
    to: Partial<Campaign>,
  ) =>
    (await rows.updateOne({ ...rowOf(key), state: { $in: states }, ...from }, { $set: { ...to, updated_at: now() } }))
      .matchedCount === 1;
}

function rendering(rows: Collection<Campaign>) {
  const transition = transitions(rows);
  return {
    /** Fixes the letter of this launch. The first rendering counts; one of an outdated revision is ignored. */
    recordRendered: async (key: LaunchKey, revision: number, letter: RenderedLetter): Promise<void> => {
      await rows.updateOne({ ...rowOf(key), revision, round: -1, rendered: null }, { $set: letter });
    },

    /** Pauses a campaign whose content cannot be sent, before any mail, until an operator corrects the content and resumes. */
    pauseAsUnsendable: (key: LaunchKey, reason: string, findings: readonly StoredFinding[]): Promise<boolean> =>
      transition(key, { round: -1 }, ['awaiting_approval', 'freezing'], {
        ...{ state: 'paused', reason, findings },
        held: heldSince(now()),
      }),
  };
}

function advancing(rows: Collection<Campaign>) {
  const transition = transitions(rows);
  return {
    /** Scheduled → freezing, at the time of the launch. */
    beginFreeze: (key: LaunchKey): Promise<boolean> =>
      transition(key, {}, ['scheduled'], { state: 'freezing', launched_at: now(), sweep_at: now() }),

    /** Opens round `number` if the one before it is the current one; the first also fixes the audience and the sender. */
    openRound: async (
      key: LaunchKey,
      number: number,
      round: CampaignRound,
      fixed?: FixedAtFreeze,
    ): Promise<boolean> => {
      const states: CampaignState[] = number === 0 ? ['freezing', 'paused'] : ['sending', 'paused'];
      const { matchedCount } = await rows.updateOne(
        { ...rowOf(key), state: { $in: states }, round: number - 1 },
        {
          $set: { round: number, updated_at: now(), ...fixed },
          $push: { rounds: { ...round, opened_at: now() } },
        },
      );
      return matchedCount === 1;
    },

    /** The number of recipients of the first round: at most so many until its pages are counted. */
    recordRecipients: (key: LaunchKey, recipient_count: number): Promise<boolean> =>
      transition(key, { round: 0 }, ['freezing', 'paused', 'sending'], { recipient_count }),

    /** The first round may be mailed: a freezing campaign is now sending, a paused one stays paused. */
    beginSending: (key: LaunchKey): Promise<boolean> =>
      transition(key, { round: 0 }, ['freezing'], { state: 'sending' }),

    /** Pauses a campaign whose round may not be mailed now, for this reason, until an operator resumes it. */
    holdBack: (key: LaunchKey, reason: string): Promise<boolean> =>
      transition(key, {}, ['freezing', 'sending'], { state: 'paused', reason, held: heldSince(now()) }),

    /** {sending, round} → sent or failed. */
    close: (key: LaunchKey, round: number, state: 'sent' | 'failed'): Promise<boolean> =>
      transition(key, { round }, ['sending'], {
        state,
        reason: null,
        held: null,
        sent_at: now(),
        closed_at: now(),
        sweep_at: null,
      }),

    /** A cancelled campaign has nothing in flight any more. */
    closeCancelled: (key: LaunchKey, round: number): Promise<boolean> =>
      transition(key, { round }, ['cancelled'], { closed_at: now(), sweep_at: null }),

    /** The workflow has acted on control writes up to `v`. */
    recordApplied: async (key: LaunchKey, v: number): Promise<void> => {
      await rows.updateOne(rowOf(key), { $max: { applied_v: v } });
    },
  };
}

function sweeping(rows: Collection<Campaign>) {
  return {
    /** Campaigns of every account whose workflow is to be checked, the longest due first. */
    due: (before: Date): AsyncIterable<Campaign> =>
      dueRows(rows, before, { state: { $in: [...LIVE_STATES, 'cancelled'] } }),

    /** Sets the next check to `at`, or to never; false if a control write came first. */
    sweepAgain: ({ _id, want }: Pick<Campaign, '_id' | 'want'>, at: Date | null): Promise<boolean> =>
      moveSweep(rows, { _id, 'want.v': want.v }, at),

    /** An operator ended the workflow: the campaign is paused, and the sweep does not restart it. */
    pauseAsEngineStopped: async ({ _id, state, want }: Pick<Campaign, '_id' | 'state' | 'want'>): Promise<boolean> => {
      const at = now();
      const pause = { state: 'paused' as const, reason: 'engine_stopped', held: heldSince(at) };
      const stopped = { ...pause, sweep_at: at, updated_at: at };
      return (await rows.updateOne({ _id, state, 'want.v': want.v }, { $set: stopped })).matchedCount === 1;
    },
  };
}

function rowOf({ account, campaign, launch }: LaunchKey) {
  return { _id: campaign, account, launch };
}
