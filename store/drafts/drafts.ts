import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { DraftReason, DraftState, DraftText, ModelCall } from '../../domain/draft/draft.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { dueRows, firstSweepAt, moveSweep } from '../mongo/lease.js';

/** The parameters of a draft. */
export interface DraftRequest {
  readonly prompt: string;
  readonly source: string | null;
  readonly links: readonly string[];
  /** Set by the caller: no draft changes them. */
  readonly given: { readonly subject: string | null; readonly preheader: string | null };
}

/** One version of a campaign's text. */
export interface Draft extends DraftRequest {
  /** Campaign and number. */
  readonly _id: string;
  readonly account: number;
  readonly campaign: number;
  /** Counts within the campaign, from 1. */
  readonly n: number;
  readonly state: DraftState;
  readonly text: DraftText | null;
  readonly reason: DraftReason | null;
  /** The cause of the failure, as a sentence. */
  readonly detail: string | null;
  /** The last answer that could not be used, and its faults: the input of the one repair turn. */
  readonly said: string | null;
  readonly faults: readonly string[];
  /** The brand voice of the draft. */
  readonly voice: string | null;
  readonly calls: readonly ModelCall[];
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the sweep checks this row; null once it is settled. */
  readonly sweep_at: Date | null;
  /** The Idempotency-Key's claim that created it: a repetition after a crash finds it. */
  readonly origin?: string;
}

export interface DraftKey {
  readonly account: number;
  readonly campaign: number;
  readonly n: number;
}

export type Drafts = ReturnType<typeof drafts>;

export function drafts({ db }: Store) {
  const rows = db.collection<Draft>('drafts');
  return { ...requesting(rows), ...writing(rows), ...sweeping(rows) };
}

function requesting(rows: Collection<Draft>) {
  const newest = (account: number, campaign: number) => rows.findOne({ account, campaign }, { sort: { n: -1 } });
  return {
    find: ({ account, campaign, n }: DraftKey): Promise<Draft | null> =>
      rows.findOne({ _id: `${campaign}:${n}`, account }),

    /** All versions, the oldest first. */
    ofCampaign: (account: number, campaign: number): Promise<Draft[]> =>
      rows.find({ account, campaign }).sort({ n: 1 }).toArray(),

    newest,

    /** Requests the next version; the same `origin` finds the version it requested before. Atomic: one insert. */
    request: async (account: number, campaign: number, request: DraftRequest, origin?: string): Promise<Draft> => {
      for (;;) {
        const n = ((await newest(account, campaign))?.n ?? 0) + 1;
        const row = freshDraft({ account, campaign, n }, request, origin);
        if (await isNew(rows, row)) return row;
        const earlier = origin === undefined ? null : await rows.findOne({ account, origin });
        if (earlier !== null) return earlier;
      }
    },

    /** Deletes a version that was requested and may not be written. Atomic: one delete. */
    deleteWaiting: async ({ account, campaign, n }: DraftKey): Promise<void> => {
      await rows.deleteOne({ _id: `${campaign}:${n}`, account, state: 'waiting' });
    },

    /** Deletes all drafts of a campaign. */
    deleteAll: async (account: number, campaign: number): Promise<void> => {
      await rows.deleteMany({ account, campaign });
    },
  };
}

/** False if the number or the origin is taken. */
async function isNew(rows: Collection<Draft>, row: Draft): Promise<boolean> {
  try {
    await rows.insertOne(row);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

function freshDraft(
  { account, campaign, n }: DraftKey,
  { prompt, source, links, given }: DraftRequest,
  origin: string | undefined,
): Draft {
  const at = now();
  return {
    _id: `${campaign}:${n}`,
    account,
    campaign,
    n,
    prompt,
    source,
    links,
    given,
    state: 'waiting',
    text: null,
    reason: null,
    detail: null,
    said: null,
    faults: [],
    voice: null,
    calls: [],
    created_at: at,
    updated_at: at,
    sweep_at: firstSweepAt(at),
    ...(origin !== undefined && { origin }),
  };
}

/** Steps of a waiting draft; they do not change a cancelled or finished one. */
function writing(rows: Collection<Draft>) {
  const move = async ({ account, campaign, n }: DraftKey, to: Partial<Draft>): Promise<Draft | null> =>
    rows.findOneAndUpdate(
      { _id: `${campaign}:${n}`, account, state: 'waiting' },
      { $set: { ...to, updated_at: now() } },
      { returnDocument: 'after' },
    );
  return {
    /** Records the cost of a call in any state of the draft. Atomic: one push. */
    recordCall: async ({ account, campaign, n }: DraftKey, call: ModelCall, voice: string): Promise<void> => {
      await rows.updateOne({ _id: `${campaign}:${n}`, account }, { $push: { calls: call }, $set: { voice } });
    },

    /** Stores an answer that could not be used, for the repair turn. */
    repair: (key: DraftKey, said: string, faults: readonly string[]): Promise<Draft | null> =>
      move(key, { said, faults }),

    ready: (key: DraftKey, text: DraftText): Promise<Draft | null> =>
      move(key, { state: 'ready', text, said: null, faults: [], reason: null, detail: null }),

    fail: (key: DraftKey, reason: DraftReason, detail: string, said: string | null = null): Promise<Draft | null> =>
      move(key, { state: 'failed', reason, detail, ...(said !== null && { said }) }),

    cancel: (key: DraftKey): Promise<Draft | null> => move(key, { state: 'cancelled', sweep_at: null }),
  };
}

function sweeping(rows: Collection<Draft>) {
  return {
    /** Drafts of all accounts whose check is due, the longest due first. */
    due: (before: Date): AsyncIterable<Draft> => dueRows(rows, before),

    /** Checks again at `at`, or never. */
    sweepAgain: ({ account, _id }: Pick<Draft, 'account' | '_id'>, at: Date | null): Promise<boolean> =>
      moveSweep(rows, { _id, account }, at),
  };
}
