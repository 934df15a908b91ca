import type { Collection } from 'mongodb';
import type { Campaign, CampaignContent, Seen } from '../campaigns.js';
import { launched, set, steered } from './steering.js';

/** What a campaign that is being drafted waits for, and what becomes of it then. */
export interface Drafting {
  /** Number of the draft. */
  readonly n: number;
  readonly send: boolean;
  /** When it is to be sent, where not at once. */
  readonly at: Date | null;
}

export type DraftedContent = Pick<CampaignContent, 'name' | 'subject' | 'preheader' | 'html'>;

/** The steps into and out of `drafting`. Each is a compare-and-set, as every control. */
export function drafting(rows: Collection<Campaign>) {
  return {
    /** A draft that came to nothing is asked for again. */
    redraft: (seen: Seen, wish: Drafting): Promise<Campaign | null> =>
      set(rows, seen, { state: 'drafting', reason: null, drafting: wish, want: { ...seen.want, v: seen.want.v + 1 } }),

    /** The text is there: a draft, or launched in the same write where that was asked for. */
    drafted: (seen: Seen & Pick<Campaign, 'drafting'>, content: DraftedContent): Promise<Campaign | null> => {
      const revision = seen.revision + 1;
      const { n, send = false, at = null } = seen.drafting ?? {};
      const chosen = n === undefined ? {} : { chosen_draft: n };
      const then = send ? launched({ ...seen, revision }, at) : { state: 'draft' as const, reason: null };
      return steered(rows, seen, { ...content, ...chosen, revision, ...then });
    },

    /** There will be no text: back to a draft, and the reason stands there. */
    undrafted: (seen: Seen, reason: string | null): Promise<Campaign | null> =>
      steered(rows, seen, { state: 'draft', reason }),
  };
}
