import { readConfig } from '../../../config.js';
import { startCatcher } from '../../../servers/catcher/start.js';
import { startMongo } from '../../../servers/mongodb/mongodb.js';
import { startTemporal } from '../../../servers/temporal.js';

/** A process that starts the three servers in the given folder, says their process ids and waits to be killed. */
async function main(dataDir: string): Promise<void> {
  const config = { ...readConfig(), catcherPort: 0, inboxPort: 0 };
  const plan = { config, dataDir, report: () => {}, port: 0, uiPort: 0 };
  const servers = [await startMongo(plan), await startTemporal(plan), await startCatcher(plan)];
  process.send?.(servers.map(({ pid }) => pid));
}

process.on('disconnect', () => process.exit());
await main(process.argv[2] ?? '');
