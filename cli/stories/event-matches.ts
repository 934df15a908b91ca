import type { TypeCount } from '../../store/events/event-pages.js';
import { counted } from './lines.js';

/** Events that are counted at most. */
export const COUNTED = 10_000;
/** From so many events on, the types are summed up. */
const MANY = 20;

/** How many events matched, and which of them are shown. */
interface Matches {
  /** The last so many. */
  readonly shown: number;
  readonly matched: number;
  /** False: at least `matched` events matched; they are not counted further. */
  readonly all_counted: boolean;
  /** Of those that matched, the most frequent first. */
  readonly types: readonly TypeCount[];
}

/** From the first `COUNTED` events by type. An event that has come since the page was read does not count as left out. */
export function matchesOf(shown: number, types: readonly TypeCount[]): Matches {
  const sum = types.reduce((all, { count }) => all + count, 0);
  return { shown, matched: Math.max(sum, shown), all_counted: sum < COUNTED, types };
}

/** That only a part is shown and how to see more or fewer, and the types where there are many events. */
export function matchLines({ shown, matched, all_counted, types }: Matches): string[] {
  const sums = types.map(({ type, count }) => `${count} ${type}`).join(', ');
  const ofAll = all_counted ? `${matched} events` : `more than ${matched} events`;
  const byType = matched > MANY && types.length > 1 ? [`By type: ${sums}`] : [];
  if (shown === matched && all_counted) return matched > MANY ? [counted(matched, 'event'), ...byType] : [];
  const fewer = rarestNoun(types);
  const narrow = fewer === undefined ? '' : `, --type '${fewer}.*' fewer`;
  return [`The last ${shown} of ${ofAll}; --limit ${roundUp(matched)} shows more${narrow}.`, ...byType];
}

/** 455 is 500, 501 is 1000. */
function roundUp(count: number): number {
  const power = 10 ** Math.floor(Math.log10(count));
  return ([1, 2, 5].find((step) => step * power >= count) ?? 10) * power;
}

/** Undefined: all are of one noun. */
function rarestNoun(types: readonly TypeCount[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { type, count } of types) {
    const noun = type.split('.')[0] ?? '';
    counts.set(noun, (counts.get(noun) ?? 0) + count);
  }
  const [first] = [...counts].sort(([, one], [, other]) => one - other);
  return counts.size < 2 ? undefined : first?.[0];
}
