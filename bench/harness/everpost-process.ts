import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, packageRoot } from '../../config.js';
import { freePort } from '../../servers/ports.js';

export interface EverpostProcess {
  readonly address: string;
  readonly key: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const KEY = 'evp_a_key_for_this_bench_alone';

/** `everpost start` in a child process with its own data folder; mail goes to `smtpUrl`. */
export async function everpostProcess(config: Config, dataDir: string, smtpUrl: string): Promise<EverpostProcess> {
  const port = await freePort(0);
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'cli.js'), 'start'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: config.path,
      // Provisioned servers are cached there.
      ...(process.env['HOME'] !== undefined && { HOME: process.env['HOME'] }),
      PORT: String(port),
      INBOX_PORT: '0',
      CATCHER_PORT: '0',
      SMTP_URL: smtpUrl,
      DATA_DIR: dataDir,
      EVERPOST_API_KEY: KEY,
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'error',
    },
  });
  const address = `http://127.0.0.1:${port}`;
  while (!(await isReady(address))) {
    if (child.exitCode !== null) throw new Error(`everpost start ended with ${child.exitCode}`);
    await pause(250);
  }
  return {
    address,
    key: KEY,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function isReady(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/ready`)).ok;
  } catch {
    return false;
  }
}
