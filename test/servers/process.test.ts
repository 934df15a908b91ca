import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot, readConfig } from '../../config.js';
import { FolderInUse } from '../../servers/folder-lock.js';
import { startMongo } from '../../servers/mongodb/mongodb.js';
import { startTimeOf } from '../../servers/process.js';
import { until } from '../support/until.js';

let dataDir: string;
let parent: ChildProcess;
let pids: readonly number[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'everpost-orphans-'));
  const script = join(packageRoot(), 'test', 'support', 'servers', 'server-parent.ts');
  parent = fork(script, [dataDir], { execArgv: ['--import', 'tsx'], cwd: packageRoot() });
  [pids] = (await once(parent, 'message')) as [readonly number[]];
});
afterEach(async () => {
  parent.kill('SIGKILL');
  await until(async () => (await Promise.all(pids.map(startTimeOf))).every((born) => born === undefined));
  await rm(dataDir, { recursive: true });
});

test('no server outlives a parent that was killed, and the next start takes the folder over', async () => {
  expect(pids).toHaveLength(3);
  const plan = { config: readConfig(), dataDir, report: () => {}, port: 0 };
  await expect(startMongo(plan)).rejects.toThrow(FolderInUse);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const mongo = await startMongo(plan);
  expect(pids).not.toContain(mongo.pid);
  await mongo.stop();
  await until(async () => (await Promise.all(pids.map(startTimeOf))).every((born) => born === undefined));
});
