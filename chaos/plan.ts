import { seeded } from './random.js';

/** A fault of a run. */
export interface PlannedFault<Name extends string> {
  readonly fault: Name;
  /** Begins once the receiver has this share of the campaign's mails. */
  readonly from: number;
  /** Which of the processes of its kind, or a number to choose by. */
  readonly target: number;
  /** How long it lasts, in seconds, where it has a duration. */
  readonly seconds: number;
}

const SHORTEST = 2;
const LONGEST = 12;
/** Between these shares of the campaign; later faults would find nothing to interrupt. */
const FIRST = 0.03;
const LAST = 0.85;

/**
 * The faults of a run: a function of the seed, the faults to choose from and their number. No fault occurs twice before each has
 * occurred once, and they are spread over the campaign.
 */
export function planOf<Name extends string>(
  seed: number,
  { among, faults }: { readonly among: readonly Name[]; readonly faults: number },
): readonly PlannedFault<Name>[] {
  const random = seeded(seed);
  const chosen: Name[] = [];
  while (chosen.length < faults && among.length > 0) chosen.push(...shuffled(among, random));
  const step = (LAST - FIRST) / Math.max(1, faults);
  return chosen.slice(0, faults).map((fault, i) => ({
    fault,
    from: round(FIRST + step * (i + random() * 0.8)),
    target: Math.floor(random() * 1_000),
    seconds: round(SHORTEST + random() * (LONGEST - SHORTEST)),
  }));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
