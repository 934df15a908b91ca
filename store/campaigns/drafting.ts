import type { Collection } from 'mongodb';
import { controlWrite, launchFields, writeAsSeen } from './controls.js';
import type { Campaign, CampaignContent, Drafting, Seen } from './row.js';

export type DraftedContent = Pick<CampaignContent, 'name' | 'subject' | 'preheader' | 'html'>;

/** The steps into and out of `drafting`. Each is a compare-and-set, as every control. */
export function drafting(rows: Collection<Campaign>) {
  return {
    /** A draft that came to nothing is asked for again. */
    restartDrafting: (seen: Seen, request: Drafting): Promise<Campaign | null> =>
      writeAsSeen(rows, seen, {
        state: 'drafting',
        reason: null,
        drafting: request,
        want: { ...seen.want, v: seen.want.v + 1 },
      }),

    /** Stores the finished text: the campaign becomes a draft, or is launched in the same write where requested. */
    completeDrafting: (seen: Seen & Pick<Campaign, 'drafting'>, content: DraftedContent): Promise<Campaign | null> => {
      const revision = seen.revision + 1;
      const { n, send = false, at = null } = seen.drafting ?? {};
      const chosen = n === undefined ? {} : { chosen_draft: n };
      const then = send ? launchFields({ ...seen, revision }, at) : { state: 'draft' as const, reason: null };
      return controlWrite(rows, seen, { ...content, ...chosen, revision, ...then });
    },

    /** The draft ended without a text: the campaign becomes a draft again, with the reason. */
    abandonDrafting: (seen: Seen, reason: string | null): Promise<Campaign | null> =>
      controlWrite(rows, seen, { state: 'draft', reason }),
  };
}
