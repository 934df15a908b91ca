import { cpus, loadavg, totalmem, type } from 'node:os';

/** The machine of a run, and its load before the run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** Load average of the last 1, 5 and 15 minutes. */
  readonly loadBefore: readonly number[];
}

export function machineNow(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}
