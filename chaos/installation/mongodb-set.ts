import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Config } from '../../config.js';
import { LISTENING } from '../../servers/mongodb/mongodb.js';
import { freePort } from '../../servers/ports.js';
import { type ServerProcess, startProcess, untilReady } from '../../servers/process.js';
import { findBinary } from '../../servers/provision/find-binary.js';
import { mountSmallDisk, type SmallDisk } from './small-disk.js';

const SET = 'chaos';
const MEMBERS = 3;
const READY_MS = 60_000;

interface Member {
  readonly port: number;
  readonly folder: string;
  /** Undefined where this process may not mount one. */
  readonly disk: SmallDisk | undefined;
  server: ServerProcess;
}

/** A replica set of three members of the embedded MongoDB on the loopback, with MongoDB's own time-outs for elections. */
export async function startMongodbSet(config: Config, dataDir: string) {
  const { path } = await findBinary('mongod', config, () => undefined);
  const members: Member[] = [];
  const stop = () =>
    Promise.all(
      members.map(async ({ server, disk }) => {
        await server.stop();
        disk?.unmount();
      }),
    );
  try {
    for (let i = 0; i < MEMBERS; i += 1) {
      const folder = join(dataDir, `mongodb-${i}`);
      await mkdir(join(folder, 'data'), { recursive: true });
      const port = await freePort(0);
      const disk = mountSmallDisk(join(folder, 'data'));
      members.push({ port, folder, disk, server: await listening(path, port, folder) });
    }
    await initiate(members);
  } catch (failure) {
    await stop();
    throw failure;
  }
  const hosts = members.map(({ port }) => hostOf(port)).join(',');
  return {
    url: `mongodb://${hosts}/?replicaSet=${SET}`,
    /** Kills the primary with SIGKILL; starts it again when the returned function is called. */
    killPrimary: async (): Promise<() => Promise<void>> => {
      const member = await primaryOf(members);
      process.kill(member.server.pid, 'SIGKILL');
      await member.server.stop();
      return async () => {
        member.server = await listening(path, member.port, member.folder);
      };
    },
    /** Why no disk can be filled; undefined where it can. */
    withoutDisks: members.every(({ disk }) => disk !== undefined) ? undefined : 'only root can mount a small disk',
    /** Fills the disk of the primary; the returned function frees it, and starts the member again where it has ended. */
    fillDisk: async (): Promise<() => Promise<void>> => {
      const member = await primaryOf(members);
      const free = await member.disk?.fill();
      // A checkpoint: without it, MongoDB would notice within a minute.
      await asked(member.port, { fsync: 1 }).catch(() => undefined);
      return async () => {
        await free?.();
        if (member.server.ended() !== undefined) member.server = await listening(path, member.port, member.folder);
      };
    },
    stop,
  };
}

async function listening(program: string, port: number, folder: string): Promise<ServerProcess> {
  const args = [
    ['--replSet', SET, '--bind_ip', '127.0.0.1', '--port', `${port}`, '--dbpath', join(folder, 'data')],
    ['--nounixsocket', '--quiet', '--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '256'],
    ['--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ].flat();
  const server = await startProcess({ command: program, args, log: join(folder, 'mongod.log') });
  if ((await untilReady(server, LISTENING, READY_MS)) === 'up') return server;
  throw new Error(`MongoDB did not start; its log is ${server.log}`);
}

async function initiate(members: readonly Member[]): Promise<void> {
  const hosts = members.map(({ port }, _id) => ({ _id, host: hostOf(port) }));
  await asked(members[0]?.port ?? 0, { replSetInitiate: { _id: SET, members: hosts } });
  await primaryOf(members);
}

/** Waits for the end of an election. */
async function primaryOf(members: readonly Member[]): Promise<Member> {
  for (let tries = 0; tries < READY_MS / 200; tries += 1) {
    for (const member of members) {
      const hello = await asked(member.port, { hello: 1 }).catch(() => undefined);
      if (hello?.['isWritablePrimary'] === true) return member;
    }
    await pause(200);
  }
  throw new Error('the replica set has no primary');
}

async function asked(port: number, command: Record<string, unknown>) {
  const url = `mongodb://${hostOf(port)}/?directConnection=true`;
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2_000 });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}

function hostOf(port: number): string {
  return `127.0.0.1:${port}`;
}
