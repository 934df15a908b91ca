import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const TICK = 10;

/** CPU milliseconds of one process so far, all its threads included; NaN without /proc. */
export function cpuOf(pid: number): number {
  return (statOf(pid)?.ticks ?? Number.NaN) * TICK;
}

/** CPU milliseconds of a process and its children so far; NaN without /proc. */
export function cpuOfTree(root: number): number {
  const own = familyOf(root);
  return own.length === 0 ? Number.NaN : own.reduce((sum, { ticks }) => sum + ticks, 0) * TICK;
}

/** The same for each process of the tree, with the name of its program: at most 15 characters, as Linux keeps it. */
export function cpuByProcess(root: number): readonly (readonly [string, number])[] {
  return familyOf(root).map(({ name, ticks }) => [name, ticks * TICK]);
}

function familyOf(root: number) {
  const processes = statsOfAll();
  const family = new Set([root]);
  // A child has a higher id than its parent unless the counter wraps, which does not happen during a bench.
  for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  return processes.filter(({ pid }) => family.has(pid));
}

/** Most memory (MiB) the process has had resident since its start or the last reset; NaN without /proc. */
export function peakMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

/** proc(5): writing 5 sets the peak to the memory that is resident now. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Without /proc the peak is unknown anyway.
  }
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
    const [, name = '', rest = ''] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    const fields = rest.split(' ').map(Number);
    return { pid, name, parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) };
  } catch {
    return undefined;
  }
}
