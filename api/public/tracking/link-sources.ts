import { LRUCache } from 'lru-cache';
import { monotonic } from '../../../clock.js';
import type { LinkSource, Links, TrackedLinks } from '../../../store/tracking/links.js';

const MAX_ENTRIES = 2_000;
const RECHECK_INTERVAL = 1_000;

interface CachedSource {
  readonly found: TrackedLinks | undefined;
  readonly at: number;
}

export type FindSource = (kind: LinkSource['kind'], id: number, link?: number) => Promise<TrackedLinks | undefined>;

/** Caches the targets of recently visited links. A link number is assigned once, so a known target stays valid. */
export function linkSources({ ofLink }: Pick<Links, 'ofLink'>): FindSource {
  const cache = new LRUCache<string, CachedSource>({ max: MAX_ENTRIES });

  return async (kind, id, link = 0) => {
    const key = `${kind}:${id}`;
    const last = cache.get(key);
    const knows = last?.found !== undefined && link <= last.found.urls.length;
    if (last !== undefined && (knows || monotonic() - last.at < RECHECK_INTERVAL)) return last.found;
    const entry = { found: (await ofLink(kind, id)) ?? undefined, at: monotonic() };
    cache.set(key, entry);
    return entry.found;
  };
}
