import type { InjectOptions, LightMyRequestResponse as Response } from 'fastify';
import type { Api } from '../../../api/api.js';
import { buildApp } from '../../../api/app.js';
import { idleEngine } from '../../../api/engine/engine.js';
import { TIME_LIMITS } from '../../../api/hooks/limits/time-limits.js';
import { openLog } from '../../../api/log.js';
import type { Deps } from '../../../api/wiring.js';
import { type Config, readConfig } from '../../../config.js';
import { RENDER_LIMITS, renderer } from '../../../mail/render/pool.js';
import { openTextTasks, TASK_LIMITS } from '../../../mail/tasks/text-tasks.js';
import { openTemplateCache } from '../../../services/template-cache.js';
import { ensureFirstAccount } from '../../../store/keys/keys.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { stores } from '../../../store/stores.js';
import { webClient } from '../../../web/client.js';
import { testDatabase } from '../servers/test-servers.js';

export type Call = Omit<InjectOptions, 'method' | 'url'> & {
  /** The first account's key unless another is given; null sends none. */
  readonly key?: string | null;
};

export interface TestApi {
  readonly app: Api;
  readonly store: Store;
  readonly deps: Deps;
  /** The account every call acts for, unless it names another key. */
  readonly account: number;
  readonly key: string;
  /** `call('POST /api/v1/lists', { payload: … })` */
  call(route: string, options?: Call): Promise<Response>;
  close(): Promise<void>;
}

/** Limits are off: a test asks faster than people do. */
const QUIET = {
  EVERPOST_SECRET: 'a secret for the tests',
  LOG_LEVEL: 'silent',
  RATE_LIMIT_PER_MINUTE: '0',
};

/** Longer than any test waits for its next letter. */
const IDLE = 600_000;
/** The threads of all APIs of this process, which end with it: a thread is slow until it has rendered its first letters. */
const renderingThreads = renderer({ ...RENDER_LIMITS, time: 120_000, idle: IDLE });
const taskThread = openTextTasks({ ...TASK_LIMITS, time: 120_000, idle: IDLE });
const staysOpen = async () => undefined;

/** The whole API over a database of its own, without a port. */
export async function anApi(
  environment: Parameters<typeof readConfig>[0] = {},
  parts: Partial<Pick<Deps, 'engine' | 'log' | 'web' | 'registry' | 'timeLimits' | 'readsKeptFor' | 'ownServers'>> & {
    /** A database on a server of the test's own. */
    readonly database?: Awaited<ReturnType<typeof testDatabase>>;
  } = {},
): Promise<TestApi> {
  const database = parts.database ?? (await testDatabase());
  const store = await openStore({ url: database.url, database: database.name });
  const config: Config = readConfig({ ...QUIET, ...environment });
  const { account, secret } = await ensureFirstAccount(store, config);
  const key = secret ?? config.apiKey ?? '';
  const deps: Deps = {
    config,
    store,
    engine: parts.engine ?? idleEngine,
    renderer: openTemplateCache({ ...renderingThreads, close: staysOpen }),
    tasks: { ...taskThread, close: staysOpen },
    web: parts.web ?? webClient({ exceptions: [] }),
    log: parts.log ?? openLog(config),
    registry: parts.registry,
    timeLimits: parts.timeLimits ?? { ...TIME_LIMITS, loopDelay: 0 },
    ownServers: parts.ownServers,
    // Tests write to the store behind the API's back.
    readsKeptFor: parts.readsKeptFor ?? 0,
    metricsReadEvery: 0,
    // Visits are read back at once.
    visitTimeout: 60_000,
    ...stores(store, { secret: config.secret ?? '' }),
  };
  const app = await buildApp(deps);
  const call = (route: string, { key: given, ...options }: Call = {}) => {
    const [method, url] = route.split(' ', 2) as [NonNullable<InjectOptions['method']>, string];
    const secret = given === undefined ? key : given;
    const headers = { ...(secret !== null && { authorization: `Bearer ${secret}` }), ...options.headers };
    return app.inject({ ...options, method, url, headers });
  };
  const close = async () => {
    await app.close();
    await store.close();
    await database.drop();
  };
  return { app, store, deps, account, key, call, close };
}

/** A second account with a key of its own: the stranger. */
export async function aStranger({ deps }: TestApi): Promise<{ account: number; key: string }> {
  const { _id: account } = await deps.accounts.open('Stranger');
  const { secret: key } = await deps.keys.issue(account, 'Stranger');
  return { account, key };
}

/** A client of the first account, with a key of its own. */
export async function aClient(api: TestApi, name: string): Promise<{ account: number; key: string }> {
  const response = await api.call('POST /api/v1/agency/clients', { payload: { name } });
  const account: number = response.json().data.id;
  const issued = await api.call(`POST /api/v1/agency/clients/${account}/keys`, { payload: { name } });
  return { account, key: issued.json().data.key };
}

export async function aList({ call }: TestApi, fields: Record<string, unknown> = {}): Promise<number> {
  const response = await call('POST /api/v1/lists', { payload: { name: 'Newsletter', ...fields } });
  return response.json<{ data: { id: number } }>().data.id;
}

export async function aSubscriber(
  { call }: TestApi,
  list_id: number,
  fields: Record<string, unknown> = {},
): Promise<{ id: number; email: string }> {
  const response = await call('POST /api/v1/subscribers', {
    payload: { email: 'alice@example.com', list_id, ...fields },
  });
  return response.json<{ data: { id: number; email: string } }>().data;
}
