import { setTimeout as pause } from 'node:timers/promises';
import { lazyClient } from '../../api/engine/lazy-client.js';
import { now } from '../../clock.js';
import { temporalConnection } from '../../config/temporal-connection.js';
import { type Config, ConfigurationError } from '../../config.js';
import { startTemporal } from '../../servers/temporal.js';
import type { Campaign } from '../../store/campaigns/row.js';
import { demandFittingDatabase } from '../../store/migrations/migrate.js';
import { prepareDatabase } from '../../store/migrations/prepare.js';
import { openStore, type Store } from '../../store/mongo/connect.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import { processes } from '../../store/processes/processes.js';
import { campaignDoubt } from '../../store/restores/campaign-doubt.js';
import { messageDoubt } from '../../store/restores/message-doubt.js';
import { newsletterTimes } from '../../store/restores/newsletter-times.js';
import { restores } from '../../store/restores/restores.js';
import { DEFAULT_PREFIX } from '../../workflows/names.js';
import { demandSecret } from '../processes.js';
import { type LeftWork, leftWork } from './left-work.js';
import { reachableMongo } from './reachable-mongo.js';
import { applyRestore, missedTimes } from './restored-rows.js';

export interface RestoredOptions {
  readonly takenAt: Date;
  /** Prints what would be done and writes nothing. */
  readonly dryRun: boolean;
  /** Milliseconds in which each running process records itself; it would be found by then. */
  readonly listenFor?: number;
  readonly prefix?: string;
}

/** A launch or a retry of which the restored database knows nothing. */
const UNKNOWN =
  ', and the restored database does not know it: look into the log of the mail server before you launch or retry it.';

/** A little more than the time between two records of a process. */
const LISTEN_FOR = 65_000;

/**
 * `everpost restored`: tells an installation that its database comes from a backup. Throws a ConfigurationError, with nothing
 * changed, while a process runs. A repetition continues an interrupted run, and changes nothing after a complete one.
 */
export async function restored(config: Config, options: RestoredOptions): Promise<void> {
  if (options.takenAt > now()) throw new ConfigurationError(['--taken-at is in the future']);
  const mongo = await reachableMongo(config);
  try {
    const store = await openStore({ url: mongo.url, database: config.mongodbDatabase, asItIs: true });
    try {
      await demandFittingDatabase(store.db);
      await demandSecret(config, store);
      await withTemporal(config, (temporalAddress) => restoreRun(config, store, temporalAddress, options));
    } finally {
      await store.close();
    }
  } finally {
    await mongo.stop();
  }
}

async function restoreRun(config: Config, store: Store, temporalAddress: string, options: RestoredOptions) {
  const { takenAt, dryRun, listenFor = LISTEN_FOR, prefix = DEFAULT_PREFIX } = options;
  const earlier = await restores(store).find(takenAt);
  if (earlier?.ended_at != null) {
    console.log(`Nothing to do: this was done at ${earlier.ended_at.toISOString()}.`);
    return;
  }
  await demandNoOtherRestore(store, takenAt);
  await demandNoProcess(store);
  const temporal = lazyClient(temporalAddress, config.temporalNamespace, temporalConnection(config.temporalAccess));
  try {
    const work = leftWork(temporal.client(), prefix);
    const found = await openRows(store, earlier?.began_at ?? now());
    for (const line of linesOf(found, await work.find(), dryRun)) console.log(line);
    const doubtful = new Set(found.campaigns.map(([{ _id }]) => _id));
    const unknown = (await work.campaignsSince(takenAt)).filter((id) => !doubtful.has(id));
    for (const id of unknown) console.log(`Campaign ${id} ran after the backup${UNKNOWN}`);
    if (dryRun) return;
    console.log(`Looking for processes that still run, ${Math.round(listenFor / 1_000)} s …`);
    await pause(listenFor);
    await demandNoProcess(store);
    const restore = await restores(store).begin(takenAt);
    // A process that starts now records itself before it looks for a restore: it sees this one, or is seen here.
    await demandNoProcess(store);
    await prepareDatabase(store.db);
    await work.delete();
    await applyRestore(store, restore);
    console.log('Done. APIs and workers may start.');
  } finally {
    await temporal.close();
  }
}

/** Uses the Temporal that the environment names, else starts the embedded one. */
async function withTemporal<T>(config: Config, work: (address: string) => Promise<T>): Promise<T> {
  if (config.temporalAddress !== undefined) return work(config.temporalAddress);
  const own = await startTemporal({ config, dataDir: config.dataDir, report: () => {} });
  try {
    return await work(own.address);
  } finally {
    await own.stop();
  }
}

async function demandNoOtherRestore(store: Store, takenAt: Date): Promise<void> {
  const open = await restores(store).interrupted();
  if (open === null || open._id === takenAt.toISOString()) return;
  throw new ConfigurationError([`Another restore is not complete: repeat it first, with --taken-at ${open._id}`]);
}

async function demandNoProcess(store: Store): Promise<void> {
  const running = await processes(store).running();
  if (running.length === 0) return;
  const named = running.map(({ role, pid, host }) => `${role} ${pid} on ${host}`).join(', ');
  throw new ConfigurationError([
    `Stop all APIs and workers first: ${named}. One that was killed, or that the backup names, counts as running for 150 s`,
  ]);
}

/** Whatever may have been done since the backup, up to the time at which the restore began. */
interface OpenRows {
  readonly campaigns: readonly (readonly [row: Campaign, uncertain: number])[];
  readonly messages: number;
  readonly issues: readonly Issue[];
  readonly newsletters: readonly (readonly [row: Newsletter, missed: number])[];
}

async function openRows(store: Store, until: Date): Promise<OpenRows> {
  const doubt = campaignDoubt(store);
  const times = newsletterTimes(store);
  const campaigns: (readonly [Campaign, number])[] = [];
  for (const row of await doubt.mayHaveSent()) campaigns.push([row, await doubt.count(row)]);
  return {
    campaigns,
    messages: await messageDoubt(store).count(until),
    issues: await times.issuesDue(until),
    newsletters: (await times.newsletters()).map((row) => [row, missedTimes(row, until).length]),
  };
}

function linesOf({ campaigns, messages, issues, newsletters }: OpenRows, work: LeftWork, dryRun: boolean): string[] {
  const verb = dryRun ? 'would be' : 'are';
  return [
    `${work.workflows.length} workflows and ${work.schedules.length} Schedules of Temporal ${verb} deleted; they are made again from the rows.`,
    ...campaigns.map(([{ _id, account, name, state }, uncertain]) => {
      const becomes = state === 'drafting' ? 'a draft again' : 'paused';
      return `Campaign ${_id} of account ${account} (${state}, ${JSON.stringify(name)}) ${dryRun ? 'would be' : 'is'} ${becomes}; uncertain recipients: ${uncertain}.`;
    }),
    `${messages} messages ${verb} uncertain.`,
    ...issues.map(({ _id }) => `Issue ${_id} ${dryRun ? 'would be' : 'is'} skipped.`),
    ...newsletters.flatMap(([{ _id, name }, missed]) =>
      missed === 0 ? [] : [`Newsletter ${_id} (${JSON.stringify(name)}): ${missed} times ${verb} skipped.`],
    ),
  ];
}
