import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { ledger } from '../../../store/campaigns/ledger.js';
import { campaignProgress, type LaunchKey } from '../../../store/campaigns/progress.js';
import type { Rounds } from '../../../store/campaigns/rounds.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import type { DeadOwners } from '../../../store/mongo/lease.js';
import type { FastStore } from '../fast-store.js';
import type { Connection, Mutation, Underway } from '../network.js';
import type { Receiver, Reply } from '../receiver.js';

type Known = Exclude<Reply, 'again'> | 'open' | 'skipped';

/** One attempt of a page activity, over a network that may fail (docs/architecture/protocol.md "Work on a page"). */
export interface Attempt {
  readonly connection: Connection;
  readonly mutation: Mutation;
  readonly open: (lease: number, dead?: DeadOwners) => ReturnType<typeof ledger>;
  state: 'idle' | 'working' | 'lost' | 'dead';
  token: string;
  /** The page as the last confirmed write left it. */
  page: LedgerPage | undefined;
  /** The known results of claimed places that are not settled. */
  readonly known: Map<number, Known>;
  /** The number of published exceptions of the page. */
  publishedTo: number;
}

/** An activity that freezes. It keeps its progress and may continue at any later time. */
export interface Freezer {
  readonly connection: Connection;
  readonly store: Store;
  /** Recipients on each of its pages, and pages in each of its batches; two freezers may differ. */
  readonly size: number;
  readonly pages: number;
  round: number;
  phase: 'open' | 'mark' | 'lay';
  /** The end of the chain as it knows it; null: no page is stored; undefined: it reads it in its next step. */
  end: Awaited<ReturnType<Rounds['chainEnd']>> | undefined;
}

/** One run: its campaign, the attempts and freezers that work on it, and the receiver. */
export interface CampaignModel {
  readonly store: FastStore;
  readonly key: LaunchKey;
  readonly readRow: () => Promise<Campaign>;
  readonly readPages: () => Promise<LedgerPage[]>;
  readonly mutation: Mutation;
  readonly underway: Underway;
  readonly receiver: Receiver;
  /** Subscribers of the list, ascending. Those who leave are no longer frozen, and are skipped if they already are. */
  readonly list: readonly number[];
  readonly left: Set<number>;
  readonly slots: Attempt[];
  /** Attempts that lost their page and still continue. */
  readonly staleAttempts: Attempt[];
  /** Crashed attempts; their last write may still hang. */
  readonly crashed: Attempt[];
  readonly freezers: readonly Freezer[];
  /** The last seen state of each page, to check that its marks never decrease. */
  readonly pages: Map<string, LedgerPage>;
  /** Whether uncertain recipients are sent again in a later round. */
  readonly resends: boolean;
  /** Recipients whom the cancelled freeze did not reach are on no page. */
  wasCancelled: boolean;
  round: number;
  tokens: number;
}

export function aToken(model: CampaignModel): string {
  model.tokens += 1;
  return `token-${model.tokens}`;
}

export const rowOf = ({ readRow }: CampaignModel): Promise<Campaign> => readRow();

export async function findRow(store: Store, key: LaunchKey): Promise<Campaign> {
  const row = await campaigns(store).find(key.account, key.campaign);
  if (row === null) throw new Error('the campaign is gone');
  return row;
}

export const pagesOf = ({ readPages }: CampaignModel): Promise<LedgerPage[]> => readPages();

export function findPages(store: Store, { campaign }: LaunchKey): Promise<LedgerPage[]> {
  return store.ledger.collection<LedgerPage>('ledger').find({ campaign }).sort({ round: 1, page: 1 }).toArray();
}

export const progressOf = ({ store }: CampaignModel) => campaignProgress(store);
