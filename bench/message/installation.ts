import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { readRunningFile } from '../../cli/running-file.js';
import type { Config } from '../../config.js';
import { apiClient } from '../harness/api-client.js';
import { servingProcess } from '../harness/everpost-process.js';
import { cpuByProcess } from '../harness/processes.js';
import { type Commands, commandsSoFar } from './commands.js';

export const PROGRAMS = ['Everpost', 'mongod', 'Temporal'] as const;
export type PerProgram = Readonly<Record<(typeof PROGRAMS)[number], number>>;

/** `everpost start` of one checkout, with its embedded servers. */
export interface Installation {
  readonly address: string;
  readonly mongodbUrl: string;
  readonly call: ReturnType<typeof apiClient>;
  /** New keys for this number of messages: the limit of a key allows 5,000 a minute. */
  keysFor(messages: number): Promise<readonly string[]>;
  /** CPU milliseconds of each program so far. */
  cpu(): PerProgram;
  commands(): Promise<Commands>;
  /** Resolves once there is nothing left to do, as far as CPU time tells. */
  calm(): Promise<void>;
  stop(): Promise<void>;
}

export interface InstallationPlan {
  readonly config: Config;
  /** The folder of a built checkout; without it, this one. */
  readonly folder: string | undefined;
  readonly smtpUrl: string;
  readonly connections: number;
}

const MESSAGES_PER_KEY = 4_000;
const CALM_MS = 500;
/** Of one core. */
const CALM_SHARE = 0.15;
const MOST_LOOKS = 40;

export async function startInstallation(plan: InstallationPlan): Promise<Installation> {
  const { config, folder, smtpUrl, connections } = plan;
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-message-'));
  const cleaned = () => rm(dataDir, { recursive: true, force: true });
  const environment = {
    INBOX_PORT: '0',
    CATCHER_PORT: '0',
    SMTP_URL: smtpUrl,
    SMTP_CONNECTIONS: String(connections),
    DATA_DIR: dataDir,
    // Requests are counted, as in production; the limit is out of reach.
    RATE_LIMIT_PER_MINUTE: '1000000',
  };
  try {
    const { address, key, pid, stop } = await servingProcess(config, 'start', environment, folder);
    const mongodbUrl = (await readRunningFile(dataDir))?.mongodbUrl ?? '';
    const client = new MongoClient(mongodbUrl);
    const call = apiClient(address, key);
    const cpu = () => cpuOfPrograms(pid);
    return {
      ...{ address, mongodbUrl, call, cpu },
      keysFor: (messages) => newKeys(call, Math.ceil(messages / MESSAGES_PER_KEY)),
      commands: () => commandsSoFar(client),
      calm: () => untilCalm(cpu),
      stop: async () => {
        await client.close();
        await stop();
        await cleaned();
      },
    };
  } catch (failure) {
    await cleaned();
    throw failure;
  }
}

async function newKeys(call: Installation['call'], count: number): Promise<readonly string[]> {
  const issued = Array.from({ length: count }, () => call<{ key: string }>('POST', '/keys', { name: 'a burst' }));
  return (await Promise.all(issued)).map(({ key }) => key);
}

/** The servers are children of Everpost's process; all of its other processes count as Everpost. */
function cpuOfPrograms(root: number): PerProgram {
  const programs = { Everpost: 0, mongod: 0, Temporal: 0 };
  for (const [name, cpu] of cpuByProcess(root)) {
    const server = name.startsWith('mongod') ? 'mongod' : name.startsWith('temporal') ? 'Temporal' : 'Everpost';
    programs[server] += cpu;
  }
  return programs;
}

export function together({ Everpost, mongod, Temporal }: PerProgram): number {
  return Everpost + mongod + Temporal;
}

async function untilCalm(cpu: () => PerProgram): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const before = together(cpu());
    await pause(CALM_MS);
    if (together(cpu()) - before < CALM_SHARE * CALM_MS) return;
  }
}
