import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';

/** The source of tracked links: a campaign by its id, a message by its number. */
export type LinkSource =
  | { readonly kind: 'campaign'; readonly account: number; readonly id: number }
  | { readonly kind: 'message'; readonly account: number; readonly id: number; readonly uuid: string };

export interface TrackedLinks {
  /** `campaign:7`, `message:42`. */
  readonly _id: string;
  readonly account: number;
  /** UUID of the message. */
  readonly message?: string;
  /**
   * Link n is the n-th of these, counted from 1. The array only grows, so that the links in sent mail keep their
   * destination.
   */
  readonly urls: readonly string[];
}

export type Links = ReturnType<typeof links>;

/** Destinations of tracked links, stored before any mail with these links is sent. */
export function links(store: Store) {
  const rows = majorityCollection<TrackedLinks>(store, 'links');

  const begin = async (source: LinkSource, urls: readonly string[]): Promise<void> => {
    const { account } = source;
    const message = source.kind === 'message' ? { message: source.uuid } : {};
    try {
      await rows.insertOne({ _id: keyOf(source), account, ...message, urls });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  };

  return {
    /**
     * Numbers each destination; known ones keep their number. Each write is conditional on the read: if several workers
     * compile the same letter at once, one numbers and the others read.
     */
    number: async (source: LinkSource, urls: readonly string[]): Promise<ReadonlyMap<string, number>> => {
      for (;;) {
        const row = await rows.findOne({ _id: keyOf(source), account: source.account });
        const known = new Map((row?.urls ?? []).map((url, i) => [url, i + 1]));
        const fresh = urls.filter((url) => !known.has(url));
        if (row !== null && fresh.length === 0) return known;
        if (row === null) await begin(source, urls);
        else
          await rows.updateOne(
            { _id: row._id, urls: { $size: row.urls.length } },
            { $push: { urls: { $each: fresh } } },
          );
      }
    },

    /** The destinations of a signed link. The signature is the authority here, hence no account. */
    ofLink: (kind: LinkSource['kind'], id: number): Promise<TrackedLinks | null> =>
      rows.findOne({ _id: keyOf({ kind, id }) }),

    /** The destinations of a campaign in the order of their numbers. */
    ofCampaign: async (account: number, id: number): Promise<readonly string[]> =>
      (await rows.findOne({ _id: keyOf({ kind: 'campaign', id }), account }))?.urls ?? [],
  };
}

function keyOf({ kind, id }: Pick<LinkSource, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}
