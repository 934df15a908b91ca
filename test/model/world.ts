import type { LedgerPage } from '../../domain/page.js';
import { campaignProgress, type LaunchKey } from '../../store/campaign-progress.js';
import { type Campaign, campaigns } from '../../store/campaigns.js';
import type { Store } from '../../store/connect.js';
import type { ledger } from '../../store/ledger.js';
import type { Bend, Line, Underway } from './network.js';
import type { Receiver, Reply } from './receiver.js';

export type Known = Exclude<Reply, 'again'> | 'open' | 'skipped';

/** One attempt of a page activity, as PROTOCOL "Work on a page" tells it, over a line that may fail. */
export interface Attempt {
  readonly line: Line;
  readonly bend: Bend;
  readonly open: (lease: number) => ReturnType<typeof ledger>;
  state: 'idle' | 'working' | 'lost' | 'dead';
  token: string;
  /** The page as the last confirmed write left it. */
  page: LedgerPage | undefined;
  /** What is known of the claimed places that are not settled. */
  readonly known: Map<number, Known>;
  /** How many of the page's odd entries were told. */
  toldTo: number;
}

/** An activity that freezes; it remembers how far it came, and may be as late as it likes. */
export interface Freezer {
  readonly line: Line;
  readonly store: Store;
  /** Recipients on each of its pages: two freezers need not agree. */
  readonly size: number;
  round: number;
  phase: 'open' | 'mark' | 'lay';
  before: LedgerPage | null;
}

/** One run: a campaign of its own, those who work on it, and the receiver. */
export interface World {
  readonly store: Store;
  readonly key: LaunchKey;
  readonly bend: Bend;
  readonly underway: Underway;
  readonly receiver: Receiver;
  /** Subscribers of the list, ascending; those who left are frozen no more, and skipped where they were. */
  readonly list: readonly number[];
  readonly left: Set<number>;
  readonly slots: Attempt[];
  /** Attempts that lost their page and go on all the same. */
  readonly ghosts: Attempt[];
  /** Dead attempts; a write of theirs may still hang. */
  readonly crashed: Attempt[];
  readonly freezers: readonly Freezer[];
  /** The last look at each page: marks never fall. */
  readonly pages: Map<string, LedgerPage>;
  /** Rounds that took uncertain recipients up. */
  readonly resends: boolean;
  round: number;
  tokens: number;
}

export function aToken(world: World): string {
  world.tokens += 1;
  return `token-${world.tokens}`;
}

export async function rowOf({ store, key }: World): Promise<Campaign> {
  const row = await campaigns(store).find(key.account, key.campaign);
  if (row === null) throw new Error('the campaign is gone');
  return row;
}

export function pagesOf({ store, key }: World): Promise<LedgerPage[]> {
  const { campaign } = key;
  return store.ledger.collection<LedgerPage>('ledger').find({ campaign }).sort({ round: 1, page: 1 }).toArray();
}

export const progressOf = ({ store }: World) => campaignProgress(store);
