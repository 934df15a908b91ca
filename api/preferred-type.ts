/**
 * The media type that the header `Accept` (RFC 9110 §12.5.1) prefers among the offered ones; of equal ones the first. Also the
 * first where it accepts none of them: a response that the caller did not expect says more than 406.
 */
export function preferredType<T extends string>(accept: string | undefined, offered: readonly [T, ...T[]]): T {
  const ranges = (accept ?? '*/*').split(',').map(rangeOf);
  const qualities = offered.map((type) => qualityOf(ranges, type));
  return offered[qualities.indexOf(Math.max(...qualities))] ?? offered[0];
}

interface MediaRange {
  readonly range: string;
  /** From 0 to 1. */
  readonly quality: number;
}

function rangeOf(text: string): MediaRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { range, quality: Number.isNaN(quality) ? 0 : quality };
}

/** The most specific range that matches decides. */
function qualityOf(ranges: readonly MediaRange[], type: string): number {
  const [group] = type.split('/');
  for (const wanted of [type, `${group}/*`, '*/*']) {
    const match = ranges.find(({ range }) => range === wanted);
    if (match !== undefined) return match.quality;
  }
  return 0;
}

/** Marks a response that depends on `Accept`, beside what it depends on already. */
export function varyByAccept(vary: number | string | string[] | undefined): string {
  return [vary ?? [], 'Accept'].flat().join(', ');
}
