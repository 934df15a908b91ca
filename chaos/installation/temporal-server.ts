import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.js';
import { freePort } from '../../servers/ports.js';
import { type RunningTemporal, startTemporal } from '../../servers/temporal.js';

/** Temporal's development server, which keeps its port when it is started again. */
export async function startTemporalServer(config: Config, dataDir: string) {
  const port = await freePort(0);
  const start = async (): Promise<RunningTemporal> => {
    const running = await startTemporal({ config, dataDir, port, uiPort: 0, report: () => undefined });
    if (running.address === `127.0.0.1:${port}`) return running;
    await running.stop();
    throw new Error(`Temporal could not listen on port ${port} again`);
  };
  let running = await start();
  return {
    address: running.address,
    /** SIGKILL. */
    kill: async (): Promise<void> => {
      process.kill(running.pid, 'SIGKILL');
      await running.stop();
    },
    /** Deletes all its data: it must not run. */
    empty: async (): Promise<void> => {
      const folders = (await readdir(dataDir)).filter((name) => name.startsWith('temporal-'));
      for (const folder of folders) {
        const files = await readdir(join(dataDir, folder));
        const data = files.filter((name) => name.startsWith('temporal.sqlite'));
        await Promise.all(data.map((name) => rm(join(dataDir, folder, name))));
      }
    },
    start: async (): Promise<void> => {
      running = await start();
    },
    stop: () => running.stop(),
  };
}
