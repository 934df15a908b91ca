import type { ResultRow, ResultTable } from './result.js';

/** Figures of one run by their name, which includes the unit. */
export type Figures = Readonly<Record<string, number>>;

/** Figures of each side, one for each round. */
export type Runs = Readonly<Record<string, readonly Figures[]>>;

/**
 * Runs every side once in each round, in alternating order, so that other load affects all sides. The round before the
 * first warms them up and does not count; `warmUp` false leaves it out.
 */
export async function interleaved(
  sides: Readonly<Record<string, () => Promise<Figures>>>,
  rounds: number,
  warmUp = true,
): Promise<Runs> {
  const runs: Record<string, Figures[]> = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = warmUp ? 0 : 1; round <= rounds; round += 1) {
    const order = Object.entries(sides);
    for (const [name, run] of round % 2 === 0 ? order.reverse() : order) {
      const figures = await run();
      if (round > 0) runs[name]?.push(figures);
      console.error(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name}  ${JSON.stringify(rounded(figures))}`);
    }
  }
  return runs;
}

/** A row of medians for each side, and rows of quotients of two sides: medians of the quotients of each round. */
export function comparison(
  title: string,
  runs: Runs,
  quotients: readonly (readonly [string, string])[] = [],
  columns: readonly string[] = Object.keys(Object.values(runs)[0]?.[0] ?? {}),
): ResultTable {
  const medians = Object.entries(runs).map(([name, figures]) =>
    row(name, columns, (column) => figures.map((one) => one[column])),
  );
  const compared = quotients
    .filter(([one, other]) => runs[one] !== undefined && runs[other] !== undefined)
    .map(([one, other]) =>
      row(`${one} ÷ ${other}`, columns, (column) =>
        (runs[one] ?? []).map((figures, round) => quotient(figures[column], runs[other]?.[round]?.[column])),
      ),
    );
  return { title, columns, rows: [...medians, ...compared] };
}

function row(name: string, columns: readonly string[], of: (column: string) => readonly (number | undefined)[]) {
  return { name, values: columns.map((column) => quantile(of(column), 0.5)) } satisfies ResultRow;
}

function quotient(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}

/** The value at this share of the ascending values; null without values, or where one is not a number. */
export function quantile(values: readonly (number | undefined)[], share: number): number | null {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  if (known.length === 0 || known.length < values.length) return null;
  const sorted = known.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]));
}
