import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const TICK = 10;

/** CPU milliseconds of a process and its children so far; NaN without /proc. */
export function cpuOfTree(root: number): number {
  const processes = statsOfAll();
  const family = new Set([root]);
  // A child has a higher id than its parent unless the counter wraps, which does not happen during a bench.
  for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  const own = processes.filter(({ pid }) => family.has(pid));
  return own.length === 0 ? Number.NaN : own.reduce((sum, { ticks }) => sum + ticks, 0) * TICK;
}

function statsOfAll() {
  try {
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
    return pids.sort((one, other) => one - other).flatMap((pid) => statOf(pid) ?? []);
  } catch {
    return [];
  }
}

/** proc(5): after the name in brackets come state, parent, … and as 12th and 13th user and system time. */
function statOf(pid: number) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number);
    return { pid, parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) };
  } catch {
    return undefined;
  }
}
