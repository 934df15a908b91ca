import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { redacted } from '../api/log.js';
import {
  type SettingDifference,
  type SharedSettings,
  settingDifferences,
  sharedSettings,
} from '../config/shared-settings.js';
import { type Config, ConfigurationError } from '../config.js';
import { demandFittingDatabase } from '../store/migrations/migrate.js';
import { DatabaseVersionError } from '../store/migrations/versions.js';
import type { Store } from '../store/mongo/connect.js';
import { type Process, processes } from '../store/processes/processes.js';
import { restores } from '../store/restores/restores.js';
import { linkKeyRing } from '../store/secrets/link-keys.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { storeOf } from './addresses.js';
import type { Installation } from './installation.js';

type Role = 'start' | 'api' | 'worker';

/** A process among the running ones of its installation. */
export interface Membership {
  /** Renews the record of this process and logs each setting that another running process has otherwise. */
  compare(): Promise<void>;
  leave(): Promise<void>;
}

/** Milliseconds between two comparisons of a running process. */
const COMPARE_INTERVAL = 60_000;

/** Opens the store for a process and records the process in it; `close` ends both. */
export async function joinedStore(config: Config, at: Pick<Installation, 'mongodbUrl'>, role: Role, log: Logger) {
  const store = await storeOf(config, at);
  try {
    const { leave } = await joinProcesses(config, store, role, log);
    return { store, close: () => leave().finally(() => store.close()) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Refuses another EVERPOST_SECRET, records this process, and compares its settings until it leaves. */
export async function joinProcesses(config: Config, store: Store, role: Role, log: Logger): Promise<Membership> {
  await demandSecret(config, store);
  const rows = processes(store);
  const settings = sharedSettings(config);
  const self = { _id: randomUUID(), role, host: hostname(), pid: process.pid, settings };
  const compare = async () => {
    await rows.record(self);
    const others = await rows.running(self);
    for (const one of differencesAmong(self.settings, others)) log.warn(shown(one), DIFFERS);
    return others;
  };
  const others = await compare();
  // After the record: a migration and a restore look for processes once they have said that they begin.
  await Promise.all([demandFittingDatabase(store.db), demandCompleteRestore(store)]).catch((error) =>
    rows.stopped(self).then(() => Promise.reject(error)),
  );
  const before = others.length === 0 ? await rows.latest(self) : null;
  for (const one of settingDifferences(settings, before?.settings ?? {})) {
    const { variable, here, there } = shown(one);
    log.info({ variable, value: here, before: there }, CHANGED);
  }

  let compared: Promise<unknown> = Promise.resolve();
  const onFailure = (error: unknown) => {
    if (!(error instanceof DatabaseVersionError)) {
      log.warn({ err: error }, 'settings were not compared; retried in a minute');
      return;
    }
    // A process that was suspended for minutes does not count as running: a migration does not wait for it.
    log.fatal({ err: error }, 'the database is too new for this process, which stops');
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  };
  const timer = setInterval(() => {
    compared = compared
      .then(compare)
      .then(() => demandFittingDatabase(store.db))
      .catch(onFailure);
  }, COMPARE_INTERVAL).unref();
  return {
    compare: async () => void (await compare()),
    leave: async () => {
      clearInterval(timer);
      await compared;
      // Without this update the record expires by itself.
      await rows.stopped(self).catch(() => undefined);
    },
  };
}

/** Throws if the database was set up with another EVERPOST_SECRET; the first process that calls it decides. */
export async function demandSecret({ secret, dataDir }: Config, store: Store): Promise<void> {
  if (await linkKeyRing(store, secret ?? keptSecret(dataDir)).claimSecret()) return;
  const subject = secret === undefined ? `The secret in ${dataDir}` : 'EVERPOST_SECRET';
  throw new ConfigurationError([
    `${subject} is not the one of the database ${store.db.databaseName}: ${SECRET_ADVICE}`,
  ]);
}

/** Throws while a restore is not complete: mail would be sent that the lost database may have sent already. */
async function demandCompleteRestore(store: Store): Promise<void> {
  const open = await restores(store).interrupted();
  if (open === null) return;
  const command = `everpost restored --taken-at ${open._id}`;
  throw new ConfigurationError([`The restore of this database is not complete: run \`${command}\` again`]);
}

export const SECRET_ADVICE =
  'set EVERPOST_SECRET to the value that its other processes have, or to the content of the file "secret" in their DATA_DIR';

const DIFFERS = 'a variable differs between running processes; "everpost doctor" shows both values';
const CHANGED = 'a variable was changed since the last run';

export interface ProcessDifference extends SettingDifference {
  /** The running processes that have the other value. */
  readonly processes: readonly string[];
}

/** One entry for each variable and each other value of it. */
export function differencesAmong(here: SharedSettings, others: readonly Process[]): readonly ProcessDifference[] {
  const found = new Map<string, ProcessDifference>();
  for (const { settings, role, host, pid } of others) {
    for (const one of settingDifferences(here, settings)) {
      const key = `${one.variable}=${one.there}`;
      const named = [...(found.get(key)?.processes ?? []), `${role} ${pid} on ${host}`];
      found.set(key, { ...one, processes: named });
    }
  }
  return [...found.values()];
}

/** Logs contain no addresses. */
function shown<T extends SettingDifference>(difference: T): T {
  return { ...difference, here: redacted(difference.here), there: redacted(difference.there) };
}
