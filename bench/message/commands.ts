import type { MongoClient } from 'mongodb';
import type { ResultTable } from '../report/result.js';
import { comparison, type Figures, type Runs } from '../report/rounds.js';

/** Commands by name. */
export type Commands = Readonly<Record<string, number>>;

/** Of connections, and of the bench itself. */
const NOT_COUNTED = new Set(['hello', 'isMaster', 'ping', 'serverStatus', 'saslStart', 'saslContinue', 'endSessions']);

/** What MongoDB has been asked since it started; a command counts once, however many rows it carries. */
export async function commandsSoFar(client: MongoClient): Promise<Commands> {
  const { metrics } = await client.db('admin').command({ serverStatus: 1 });
  return commandsIn(metrics.commands);
}

/** The names with a total; others hold details of a command, or are the number of unknown ones. */
export function commandsIn(metrics: Readonly<Record<string, unknown>>): Commands {
  const counted = Object.entries(metrics).flatMap(([name, counts]) => {
    const total = typeof counts === 'object' && counts !== null && 'total' in counts ? Number(counts.total) : 0;
    return total > 0 && !NOT_COUNTED.has(name) ? [[name, total] as const] : [];
  });
  return Object.fromEntries(counted);
}

/** The commands of an interval that were used in it. */
export function commandsBetween(before: Commands, after: Commands): Commands {
  const used = Object.entries(after).map(([name, total]) => [name, total - (before[name] ?? 0)] as const);
  return Object.fromEntries(used.filter(([, count]) => count > 0));
}

export function sumOf(commands: Commands): number {
  return Object.values(commands).reduce((sum, count) => sum + count, 0);
}

const PREFIX = 'command ';
/** Commands of the background, a few in each second, would only widen the table. */
const LEAST_SHOWN = 0.005;

/** How often each command was used for a message, as figures of a run. */
export function commandFigures(commands: Commands, messages: number): Figures {
  return Object.fromEntries(Object.entries(commands).map(([name, count]) => [`${PREFIX}${name}`, count / messages]));
}

/** The figures of each command that any run used to a noticeable extent. */
export function commandTable(runs: Runs): ResultTable {
  const figures = Object.values(runs).flat();
  const isShown = (name: string) => figures.some((run) => (run[name] ?? 0) >= LEAST_SHOWN);
  const names = [...new Set(figures.flatMap(Object.keys))].filter((name) => name.startsWith(PREFIX) && isShown(name));
  const complete = Object.entries(runs).map(([side, rounds]) => {
    return [side, rounds.map((run) => Object.fromEntries(names.map((name) => [name, run[name] ?? 0])))] as const;
  });
  const { columns, ...table } = comparison('MongoDB commands per message', Object.fromEntries(complete), [], names);
  return { ...table, columns: columns.map((name) => name.slice(PREFIX.length)) };
}
