import { join } from 'node:path';
import type { Config } from '../config.js';
import { catchMail } from '../servers/catcher/catcher.js';
import { catcherOptions } from '../servers/catcher/start.js';
import { lockFolder } from '../servers/folder-lock.js';

/** `everpost catcher`: the mail catcher alone, in the foreground; returns after Ctrl-C. */
export async function catcher(config: Config): Promise<void> {
  const folder = join(config.dataDir, 'mail');
  const lock = await lockFolder(folder);
  try {
    const running = await catchMail({ folder, ...catcherOptions(config) });
    console.log(`SMTP   smtp://127.0.0.1:${running.smtpPort}`);
    console.log(`Inbox  http://127.0.0.1:${running.inboxPort}`);
    await new Promise<void>((resolve) => {
      process.once('SIGINT', () => resolve());
      process.once('SIGTERM', () => resolve());
    });
    await running.stop();
  } finally {
    await lock.release();
  }
}
