import { now } from '../../../clock.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { type NewPage, rounds } from '../../../store/campaigns/rounds.js';
import { outcomeIsUnknown } from '../../../store/mongo/unknown-outcome.js';
import { type Connection, issue, unreliableStore } from '../network.js';
import { type CampaignModel, type Freezer, rowOf } from './model.js';

export function aFreezer(model: CampaignModel, size: number, pages: number): Freezer {
  const connection: Connection = { faults: [] };
  const store = unreliableStore(model.store, connection, model.underway, model.mutation);
  return { connection, store, size, pages, round: 0, phase: 'open', end: undefined };
}

/** One step of freeze(R); true if the chain is complete. A step with a lost answer is repeated. */
export async function freeze(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  let complete = false;
  await issue(freezer.connection, async () => {
    try {
      complete = await step(model, freezer);
    } catch (error) {
      if (!outcomeIsUnknown(error)) throw error;
    }
  });
  return complete;
}

async function step(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  if (freezer.phase === 'open') return open(model, freezer);
  if (freezer.phase === 'mark') return mark(model, freezer);
  return lay(model, freezer);
}

async function open(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  const row = await rowOf(model);
  if (row.state === 'cancelled' && (row.round < 1 || row.closed_at !== null)) return true;
  freezer.round = Math.max(row.round, 0);
  if (row.round < 0) {
    const first = { takes: [], due: now() };
    await campaignProgress(freezer.store).openRound(model.key, 0, first, {
      up_to: model.list.at(-1) ?? null,
      sender: null,
    });
    if ((await rowOf(model)).round < 0) return false;
  }
  freezer.phase = freezer.round === 0 ? 'lay' : 'mark';
  freezer.end = undefined;
  return false;
}

async function mark(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  const key = { ...keyOf(model), round: freezer.round };
  const round = (await rowOf(model)).rounds[freezer.round];
  if (round === undefined || !(await rounds(freezer.store).areEarlierOver(key))) return false;
  await rounds(freezer.store).mark(key, round.takes, round.only && new Set(round.only));
  freezer.phase = 'lay';
  return false;
}

/** Reads the stored end, or adds one batch behind the end that it knows. After a lost answer it reads the end again. */
async function lay(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  const store = rounds(freezer.store);
  const key = { ...keyOf(model), round: freezer.round };
  const { end } = freezer;
  freezer.end = undefined;
  if (end === undefined) {
    freezer.end = await store.chainEnd(key);
  } else if (end?.last !== true) {
    const batch = await nextBatch(model, freezer, key, end?.id ?? 0);
    const first = (end?.page ?? -1) + 1;
    if ((await store.addPages(key, first, batch)) === 'taken') return false;
    const { ids = [], last = false } = batch.at(-1) ?? {};
    freezer.end = { page: first + batch.length - 1, id: ids.at(-1) ?? 0, last, cut: false };
  } else {
    freezer.end = end;
  }
  if (freezer.end?.last !== true) return false;
  freezer.phase = 'open';
  return true;
}

async function nextBatch(
  model: CampaignModel,
  { size, pages: most }: Freezer,
  key: RoundKey,
  after: number,
): Promise<NewPage[]> {
  const ids: number[] = [];
  for await (const id of idsAfter(model, key, after)) {
    if (ids.push(id) > size * most) break;
  }
  const pages = Math.min(most, Math.max(1, Math.ceil(ids.length / size)));
  return Array.from({ length: pages }, (_, k) => {
    const upTo = (k + 1) * size;
    return { ids: ids.slice(k * size, upTo), last: upTo >= ids.length };
  });
}

function idsAfter(model: CampaignModel, key: RoundKey, after: number) {
  if (key.round > 0) return rounds(model.store).marked(key, after);
  return model.list.filter((id) => id > after && !model.left.has(id));
}

export function keyOf({ key: { account, campaign, launch } }: CampaignModel) {
  return { account, campaign, launch };
}
