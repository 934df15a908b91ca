import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../config.js';
import type { Machine } from './machine.js';

/** A row of figures; null: not measured on this machine. */
export interface ResultRow {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface ResultTable {
  readonly title: string;
  /** One for each value; the unit is part of the name. */
  readonly columns: readonly string[];
  readonly rows: readonly ResultRow[];
}

/** What a benchmark returns; saved as JSON, from which docs/reference/performance.md is generated. */
export interface BenchResult {
  readonly bench: string;
  /** Options of the run, as on the command line. */
  readonly options: string;
  /** ISO 8601, when the run began. */
  readonly at: string;
  readonly machine: Machine;
  /** Further conditions: the receiver, the size of a mail. */
  readonly conditions: Readonly<Record<string, string | number>>;
  readonly tables: readonly ResultTable[];
}

/** What a benchmark measures; the command adds the rest of the result. */
export type Measured = Pick<BenchResult, 'conditions' | 'tables'>;

export const RESULTS_FOLDER = 'bench/results';

/** Writes the result to its committed file and returns the file's path. */
export async function saveResult(result: BenchResult): Promise<string> {
  const path = `${RESULTS_FOLDER}/${result.bench}.json`;
  const file = join(packageRoot(), path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

/** A figure with three significant digits, or whole from 100 on. */
export function shown(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 99.95) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}

/** The conditions of a run, one sentence each. */
export function conditionsOf({ at, machine, conditions }: BenchResult): readonly string[] {
  const { cpu, cores, memoryGib, system, node, loadBefore } = machine;
  return [
    `${at.slice(0, 10)}: ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Node ${node}`,
    `load before the run: ${loadBefore.join(', ')} (1, 5, 15 minutes)`,
    ...Object.entries(conditions).map(([name, value]) => `${name}: ${value.toLocaleString('en-US')}`),
  ];
}

/** The result as text for a terminal. */
export function printed(result: BenchResult): string {
  return [conditionsOf(result).join('\n'), ...result.tables.map(textTable)].join('\n\n');
}

function textTable({ title, columns, rows }: ResultTable): string {
  const lines = [[title, ...columns], ...rows.map(({ name, values }) => [name, ...values.map(shown)])];
  const widths = ['', ...columns].map((_, at) => Math.max(...lines.map((cells) => (cells[at] ?? '').length)));
  const padded = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0);
  return lines.map((cells) => cells.map(padded).join('  ')).join('\n');
}
