import { monotonic } from '../../../clock.js';
import type { LinkSource, Links, TrackedLinks } from '../../../store/links.js';

const KEPT = 2_000;
const BETWEEN_LOOKS = 1_000;

interface Look {
  readonly found: TrackedLinks | undefined;
  readonly at: number;
}

export type FindSource = (kind: LinkSource['kind'], id: number, link?: number) => Promise<TrackedLinks | undefined>;

/** Where the links of recent visits lead, at hand. Numbers are given once, so what is known stays true. */
export function trackedSources({ ofLink }: Pick<Links, 'ofLink'>): FindSource {
  const looks = new Map<string, Look>();

  return async (kind, id, link = 0) => {
    const key = `${kind}:${id}`;
    const last = looks.get(key);
    const knows = last?.found !== undefined && link <= last.found.urls.length;
    if (last !== undefined && (knows || monotonic() - last.at < BETWEEN_LOOKS)) return last.found;
    const look = { found: (await ofLink(kind, id)) ?? undefined, at: monotonic() };
    looks.delete(key);
    looks.set(key, look);
    const [oldest] = looks.keys();
    if (looks.size > KEPT && oldest !== undefined) looks.delete(oldest);
    return look.found;
  };
}
