import { now } from '../../../clock.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { outcomeIsUnknown } from '../../../store/mongo/conditional-writes.js';
import { type Connection, issue, unreliableStore } from '../network.js';
import { type CampaignModel, type Freezer, rowOf } from './model.js';

export function aFreezer(model: CampaignModel, size: number): Freezer {
  const connection: Connection = { faults: [] };
  const store = unreliableStore(model.store, connection, model.underway, model.mutation);
  return { connection, store, size, round: 0, phase: 'open', before: null };
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
  freezer.before = null;
  return false;
}

async function mark(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  const key = { ...keyOf(model), round: freezer.round };
  const round = (await rowOf(model)).rounds[freezer.round];
  if (round === undefined || (await rounds(freezer.store).openPagesBefore(key)) > 0) return false;
  await rounds(freezer.store).mark(key, round.takes, round.only && new Set(round.only));
  freezer.phase = 'lay';
  return false;
}

async function lay(model: CampaignModel, freezer: Freezer): Promise<boolean> {
  const store = rounds(freezer.store);
  const key = { ...keyOf(model), round: freezer.round };
  freezer.before ??= await store.lastPage(key);
  if (!freezer.before?.last) {
    const ids: number[] = [];
    for await (const id of idsAfter(model, key, freezer.before?.ids.at(-1) ?? 0)) {
      if (ids.push(id) > freezer.size) break;
    }
    const page = (freezer.before?.page ?? -1) + 1;
    freezer.before = await store.addPage(key, page, ids.slice(0, freezer.size), ids.length <= freezer.size);
  }
  if (!freezer.before.last) return false;
  freezer.phase = 'open';
  return true;
}

function idsAfter(
  model: CampaignModel,
  key: { account: number; campaign: number; launch: number; round: number },
  after: number,
) {
  if (key.round > 0) return rounds(model.store).marked(key, after);
  return model.list.filter((id) => id > after && !model.left.has(id));
}

export function keyOf({ key: { account, campaign, launch } }: CampaignModel) {
  return { account, campaign, launch };
}
