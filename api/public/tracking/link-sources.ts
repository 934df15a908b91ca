import { monotonic } from '../../../clock.js';
import type { LinkSource, Links, TrackedLinks } from '../../../store/tracking/links.js';

const MAX_ENTRIES = 2_000;
const RECHECK_INTERVAL = 1_000;

interface CachedSource {
  readonly found: TrackedLinks | undefined;
  readonly at: number;
}

export type FindSource = (kind: LinkSource['kind'], id: number, link?: number) => Promise<TrackedLinks | undefined>;

/** Where the links of recent visits lead, at hand. Numbers are given once, so what is known stays true. */
export function linkSources({ ofLink }: Pick<Links, 'ofLink'>): FindSource {
  const cache = new Map<string, CachedSource>();

  return async (kind, id, link = 0) => {
    const key = `${kind}:${id}`;
    const last = cache.get(key);
    const knows = last?.found !== undefined && link <= last.found.urls.length;
    if (last !== undefined && (knows || monotonic() - last.at < RECHECK_INTERVAL)) return last.found;
    const entry = { found: (await ofLink(kind, id)) ?? undefined, at: monotonic() };
    cache.delete(key);
    cache.set(key, entry);
    const [oldest] = cache.keys();
    if (cache.size > MAX_ENTRIES && oldest !== undefined) cache.delete(oldest);
    return entry.found;
  };
}
