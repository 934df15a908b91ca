import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient, MongoServerError } from 'mongodb';
import { monotonic } from '../../clock.js';

const SET = 'everpost';
const AUTHENTICATION_FAILED = 18;
const ALREADY_INITIALIZED = 23;
const USER_EXISTS = 51_003;
const NOT_YET_INITIALIZED = 94;

export interface Member {
  readonly port: number;
  /** The process that must answer on the port. */
  readonly pid: number;
  readonly credentials: Credentials;
  readonly limitMs: number;
}

/** Makes a listening mongod the primary of its one-member replica set: at the first start, after a crash, and after a change of port. */
export async function becomePrimary(member: Member): Promise<void> {
  if (!(await knowsUser(member))) await bootstrap(member);
  await connected(member, member.credentials, async (client) => {
    const { pid } = await client.db('admin').command({ serverStatus: 1, repl: 0, metrics: 0 });
    if (Number(pid) !== member.pid) throw new Error(`process ${pid} answers on port ${member.port}, not our own`);
    await moveTo(client, member);
    await untilPrimary(client, member.limitMs);
  });
}

async function connected<T>(
  { port }: Member,
  credentials: Credentials | undefined,
  work: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    ...(credentials && { auth: { username: credentials.user, password: credentials.password } }),
    serverSelectionTimeoutMS: 20_000,
    retryReads: true,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function knowsUser(member: Member): Promise<boolean> {
  try {
    await connected(member, member.credentials, (client) => client.db('admin').command({ connectionStatus: 1 }));
    return true;
  } catch (failure) {
    if (isOneOf(failure, [AUTHENTICATION_FAILED, NOT_YET_INITIALIZED])) return false;
    throw failure;
  }
}

/** Before the first user exists, a local connection may create it (the localhost exception). */
async function bootstrap(member: Member): Promise<void> {
  const { port, credentials, limitMs } = member;
  await connected(member, undefined, async (client) => {
    const admin = client.db('admin');
    const members = [{ _id: 0, host: hostOf(port) }];
    await admin.command({ replSetInitiate: { _id: SET, members } }).catch(unless([ALREADY_INITIALIZED]));
    await untilPrimary(client, limitMs);
    await admin
      .command({ createUser: credentials.user, pwd: credentials.password, roles: ['root'] })
      .catch(unless([USER_EXISTS]));
  });
}

/** The configuration names the member by its port: on another port it must be reconfigured by force. */
async function moveTo(client: MongoClient, { port, limitMs }: Member): Promise<void> {
  const admin = client.db('admin');
  const config = await storedConfig(client, limitMs);
  if (config.members[0].host === hostOf(port)) return;
  const members = [{ ...config.members[0], host: hostOf(port) }];
  await admin.command({ replSetReconfig: { ...config, members, version: config.version + 1 }, force: true });
}

/** The member reads it once it knows whether it answers at its former address; it asks a silent stranger there for half a minute. */
async function storedConfig(client: MongoClient, limitMs: number) {
  const deadline = monotonic() + limitMs;
  for (;;) {
    try {
      return (await client.db('admin').command({ replSetGetConfig: 1 }))['config'];
    } catch (failure) {
      if (!isOneOf(failure, [NOT_YET_INITIALIZED]) || monotonic() > deadline) throw failure;
      await delay(50);
    }
  }
}

async function untilPrimary(client: MongoClient, limitMs: number): Promise<void> {
  const deadline = monotonic() + limitMs;
  while (monotonic() < deadline) {
    const { isWritablePrimary } = await client.db('admin').command({ hello: 1 });
    if (isWritablePrimary) return;
    await delay(50);
  }
  throw new Error(`MongoDB did not become primary within ${limitMs / 1000} s`);
}

const hostOf = (port: number) => `127.0.0.1:${port}`;

const isOneOf = (failure: unknown, codes: readonly number[]) =>
  failure instanceof MongoServerError && codes.includes(Number(failure.code));

const unless = (codes: readonly number[]) => (failure: unknown) => {
  if (!isOneOf(failure, codes)) throw failure;
};

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Credentials of the embedded MongoDB: created at the first start, kept in its data folder, readable by its owner alone. */
export async function readCredentials(folder: string): Promise<{ keyFile: string; credentials: Credentials }> {
  const keyFile = join(folder, 'key');
  await writeOnce(keyFile, randomBytes(567).toString('base64'));
  const password = join(folder, 'password');
  await writeOnce(password, randomBytes(24).toString('base64url'));
  return { keyFile, credentials: { user: 'everpost', password: await readFile(password, 'utf8') } };
}

async function writeOnce(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content, { mode: 0o600 });
  await link(draft, path).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'EEXIST') throw failure;
  });
  await rm(draft, { force: true });
}
