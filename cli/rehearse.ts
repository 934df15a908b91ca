import { monotonic } from '../clock.js';
import type { Config } from '../config.js';
import { reasonOf } from '../servers/say.js';
import { accounts, FIRST_ACCOUNT } from '../store/accounts.js';
import { campaigns } from '../store/campaigns.js';
import type { Store } from '../store/connect.js';
import { members } from '../store/members.js';
import { newsletters } from '../store/newsletters.js';
import { subscribers } from '../store/subscribers.js';
import { onStore } from './keys.js';
import { playCampaign, playNewsletter, type Wishes } from './rehearse/play.js';
import { type Stage, stage } from './rehearse/stage.js';
import { type Timeline, timeline } from './rehearse/timeline.js';

export type Rehearsed = 'campaign' | 'newsletter';

export interface RehearsalOptions extends Wishes {
  /** Of a campaign; a newsletter has its own. */
  readonly zone: string;
}

/** `everpost rehearse`: the real workflows in skipped time. The exit code: 1 where nothing could be rehearsed. */
export function rehearse(config: Config, what: Rehearsed, id: number, options: RehearsalOptions): Promise<number> {
  return onStore(config, async (store) => {
    const account = FIRST_ACCOUNT;
    if ((await accounts(store).find(account)) === null) {
      console.error('Nothing was rehearsed: this database holds no account yet.');
      return 1;
    }
    let opened: Stage;
    try {
      opened = await stage(config, () => undefined);
    } catch (error) {
      console.error(`Nothing was rehearsed: time can be skipped on Temporal's test server only. ${reasonOf(error)}`);
      return 1;
    }
    try {
      return await rehearsal(opened, store, { account, what, id, options, print: (line) => console.log(line) });
    } finally {
      await opened.close();
    }
  });
}

export interface Rehearsal {
  readonly account: number;
  readonly what: Rehearsed;
  readonly id: number;
  readonly options: RehearsalOptions;
  print(line: string): void;
}

/** Reads the rows, plays, and says what it was. Nothing is written and nothing is sent. */
export async function rehearsal(
  opened: Stage,
  store: Store,
  { account, what, id, options, print }: Rehearsal,
): Promise<number> {
  const begun = monotonic();
  const line =
    what === 'newsletter'
      ? await ofNewsletter(opened, store, { account, id, options, print })
      : await ofCampaign(opened, store, { account, id, options, print });
  if (line === undefined) {
    print(`There is no ${what} ${id}.`);
    return 1;
  }
  print(`${line.count()} lines in ${((monotonic() - begun) / 1_000).toFixed(1)} s of skipped time; nothing was sent.`);
  return 0;
}

type Asked = Omit<Rehearsal, 'what'>;

async function ofNewsletter(
  opened: Stage,
  store: Store,
  { account, id, options, print }: Asked,
): Promise<Timeline | undefined> {
  const row = await newsletters(store).find(account, id);
  if (typeof row === 'string') return undefined;
  const line = timeline(row.zone, print);
  print(`Newsletter ${id}, ${row.name}; times in ${row.zone}`);
  if (row.state === 'paused') print('It is paused: this is how it would go on.');
  await playNewsletter(opened, line, row, await outlook(store, account, row.list_id), options);
  return line;
}

async function ofCampaign(
  opened: Stage,
  store: Store,
  { account, id, options, print }: Asked,
): Promise<Timeline | undefined> {
  const row = await campaigns(store).find(account, id);
  if (row === null) return undefined;
  const line = timeline(options.zone, print);
  print(`Campaign ${id}, ${row.name}; times in ${options.zone}`);
  await playCampaign(opened, line, row, await outlook(store, account, row.list_id), options);
  return line;
}

async function outlook(store: Store, account: number, list: number) {
  const [people, asked] = await Promise.all([
    subscribers(store).countSendable(account, list),
    members(store).approvers(account),
  ]);
  return { people, approvers: asked.map(({ name }) => name) };
}
