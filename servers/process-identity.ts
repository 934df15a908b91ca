import { readFile } from 'node:fs/promises';
import { run } from './provision/run.js';

/** A process id may be reused; with its start time it identifies one process. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Whether this process still runs. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: (await startTimeOf(pid)) ?? 'unknown' };
}

/** Start time of a process as the system reports it; undefined if there is none, or only a zombie. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { code, output } = await run('ps', ['-o', 'lstart=', '-p', `${pid}`], 5000);
    return code === 0 ? output.trim() : undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The fields after the name in brackets: the first is the state, the twentieth the start in ticks since boot (proc(5)).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}
