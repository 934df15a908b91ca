import { monotonic } from '../../clock.js';
import type { Config } from '../../config.js';
import { reasonOf } from '../../servers/report.js';
import { accounts, FIRST_ACCOUNT } from '../../store/accounts/accounts.js';
import { members } from '../../store/accounts/members.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import type { Store } from '../../store/mongo/connect.js';
import { newsletters } from '../../store/newsletters/newsletters.js';
import { subscribers } from '../../store/subscribers/subscribers.js';
import { withOpenStore } from '../keys.js';
import { type RehearsalEnvironment, rehearsalEnvironment, type Timeline, timeline } from './environment.js';
import { type RunOptions, runCampaign, runNewsletter } from './run.js';

export type RehearsalSubject = 'campaign' | 'newsletter';

export interface RehearsalOptions extends RunOptions {
  /** Time zone of a campaign's timeline; newsletters have their own. */
  readonly zone: string;
}

/** `everpost rehearse`: runs the real workflows in skipped time. Returns the exit code, 1 if nothing could be rehearsed. */
export function rehearse(
  config: Config,
  what: RehearsalSubject,
  id: number,
  options: RehearsalOptions,
): Promise<number> {
  return withOpenStore(config, async (store) => {
    const account = FIRST_ACCOUNT;
    if ((await accounts(store).find(account)) === null) {
      console.error('Nothing was rehearsed: this database has no account yet.');
      return 1;
    }
    let environment: RehearsalEnvironment;
    try {
      environment = await rehearsalEnvironment(config, () => undefined);
    } catch (error) {
      console.error(`Nothing was rehearsed: time can be skipped on Temporal's test server only. ${reasonOf(error)}`);
      return 1;
    }
    try {
      return await rehearsal(environment, store, { account, what, id, options, print: (line) => console.log(line) });
    } finally {
      await environment.close();
    }
  });
}

export interface Rehearsal {
  readonly account: number;
  readonly what: RehearsalSubject;
  readonly id: number;
  readonly options: RehearsalOptions;
  print(line: string): void;
}

/** Reads the rows, runs the rehearsal and prints its timeline. Writes and sends nothing. */
export async function rehearsal(
  environment: RehearsalEnvironment,
  store: Store,
  { account, what, id, options, print }: Rehearsal,
): Promise<number> {
  const begun = monotonic();
  const rehearsed =
    what === 'newsletter'
      ? await ofNewsletter(environment, store, { account, id, options, print })
      : await ofCampaign(environment, store, { account, id, options, print });
  if (rehearsed === undefined) {
    print(`There is no ${what} ${id}.`);
    return 1;
  }
  print(
    `${rehearsed.count()} lines in ${((monotonic() - begun) / 1_000).toFixed(1)} s of skipped time; nothing was sent.`,
  );
  return 0;
}

type RehearsalRequest = Omit<Rehearsal, 'what'>;

async function ofNewsletter(
  environment: RehearsalEnvironment,
  store: Store,
  { account, id, options, print }: RehearsalRequest,
): Promise<Timeline | undefined> {
  const row = await newsletters(store).find(account, id);
  if (typeof row === 'string') return undefined;
  const rehearsed = timeline(row.zone, print);
  print(`Newsletter ${id}, ${row.name}; times in ${row.zone}`);
  if (row.state === 'paused') print('The newsletter is paused: the timeline assumes that it is resumed now.');
  await runNewsletter(environment, rehearsed, row, await audienceOf(store, account, row.list_id), options);
  return rehearsed;
}

async function ofCampaign(
  environment: RehearsalEnvironment,
  store: Store,
  { account, id, options, print }: RehearsalRequest,
): Promise<Timeline | undefined> {
  const row = await campaigns(store).find(account, id);
  if (row === null) return undefined;
  const rehearsed = timeline(options.zone, print);
  print(`Campaign ${id}, ${row.name}; times in ${options.zone}`);
  await runCampaign(environment, rehearsed, row, await audienceOf(store, account, row.list_id), options);
  return rehearsed;
}

async function audienceOf(store: Store, account: number, list: number) {
  const [people, approvers] = await Promise.all([
    subscribers(store).countSendable(account, list),
    members(store).approvers(account),
  ]);
  return { people, approvers: approvers.map(({ name }) => name) };
}
