import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../../config.js';
import { type RunningMongo, startMongo } from '../../../servers/mongodb/mongodb.js';
import { run, startTimeOf } from '../../../servers/process.js';
import { type RunningTemporal, startTemporal } from '../../../servers/temporal.js';
import { dataFolder } from '../servers/data-folder.js';
import { until } from '../until.js';

export type OwnServers = Awaited<ReturnType<typeof ownServers>>;

/** MongoDB and Temporal of a test file's own, to be killed and started again on the same ports and data. */
export async function ownServers() {
  const dataDir = await dataFolder('end-to-end');
  const plan = { config: readConfig(), dataDir, report: () => undefined };
  let mongo: RunningMongo = await startMongo({ ...plan, port: 0 });
  let temporal: RunningTemporal = await startTemporal({ ...plan, port: 0, uiPort: 0 });
  const temporalPort = () => Number(temporal.address.split(':').at(-1));

  return {
    mongodbUrl: () => mongo.url,
    temporalAddress: () => temporal.address,
    killMongo: () => killed(mongo),
    startMongo: async () => {
      mongo = await startMongo({ ...plan, port: mongo.port });
    },
    killTemporal: () => killed(temporal),
    startTemporal: async () => {
      const port = temporalPort();
      temporal = await startTemporal({ ...plan, port, uiPort: 0 });
      if (temporalPort() !== port) throw new Error(`port ${port} of Temporal is taken`);
    },
    /** Freezes servers while `work` runs: they accept connections and answer nothing. */
    whileFrozen: async <T>(names: readonly ('mongo' | 'temporal')[], work: () => Promise<T>): Promise<T> => {
      const running = { mongo, temporal };
      const pids = names.map((name) => running[name].pid);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      try {
        // A busy machine stops its threads a moment later: until then they answer.
        await until(async () => (await Promise.all(pids.map(isStopped))).every(Boolean));
        return await work();
      } finally {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      }
    },
    /** While it is down: everything Temporal knew is gone. */
    emptyTemporal: () => emptied(dataDir),
    close: async () => {
      await temporal.stop();
      await mongo.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Whether every thread of a process is stopped by a signal. */
async function isStopped(pid: number): Promise<boolean> {
  const { output } = await run('ps', ['-L', '-o', 'stat=', '-p', String(pid)], 5_000);
  const states = output.trim().split('\n');
  return states.every((state) => state.trim().startsWith('T'));
}

async function killed(server: { readonly pid: number; stop(): Promise<void> }): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await until(async () => (await startTimeOf(server.pid)) === undefined);
  await server.stop();
}

async function emptied(dataDir: string): Promise<void> {
  const folders = (await readdir(dataDir)).filter((name) => name.startsWith('temporal-'));
  for (const folder of folders) {
    for (const file of await readdir(join(dataDir, folder))) {
      if (file.includes('.sqlite')) await rm(join(dataDir, folder, file));
    }
  }
}
