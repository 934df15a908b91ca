import { readFile } from 'node:fs/promises';
import { run } from './provision/run.js';

/** A process id alone may be somebody else's by now; together with its birth it names one process. */
export interface Life {
  readonly pid: number;
  readonly born: string;
}

/** Whether that very process still runs. */
export async function lives({ pid, born }: Life): Promise<boolean> {
  return (await birthOf(pid)) === born;
}

export async function lifeOf(pid: number): Promise<Life> {
  return { pid, born: (await birthOf(pid)) ?? 'unknown' };
}

/** When a process started, as the system writes it; undefined where there is none or only its corpse. */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { code, output } = await run('ps', ['-o', 'lstart=', '-p', `${pid}`], 5000);
    return code === 0 ? output.trim() : undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The fields after the name in brackets: the first is the state, the twentieth the start in ticks since boot (proc(5)).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}
