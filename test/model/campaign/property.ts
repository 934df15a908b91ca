import fc from 'fast-check';
import type { Store } from '../../../store/mongo/connect.js';
import { fastStore } from '../fast-store.js';
import type { Mutation } from '../network.js';
import { campaignCommands } from './campaign-commands.js';
import { freeze } from './freezer.js';
import { checkEnd } from './invariants.js';
import { aCampaignModel } from './launch.js';
import { type CampaignModel, progressOf } from './model.js';
import { pageCommands } from './page-commands.js';
import { applyLateWrites, recover } from './recovery.js';

let campaigns = 0;

type Frozen = 'all' | 'first page' | 'nothing';

const plans = fc.record({
  recipients: fc.integer({ min: 1, max: 12 }),
  resends: fc.boolean(),
  /** Most runs begin after the first freeze or its first page, so that their commands act on pages. */
  frozen: fc.constantFrom<Frozen>('all', 'all', 'all', 'first page', 'first page', 'nothing'),
});

const commands = fc.commands([...pageCommands, ...campaignCommands], { maxCommands: 140, size: 'max' });

/**
 * Runs any commands in any order, then stops the faults. The invariants hold throughout (docs/architecture/protocol.md
 * "Invariants").
 */
export function theProtocolHolds(store: Store, mutation: Mutation) {
  return fc.asyncProperty(plans, commands, async ({ frozen, ...plan }, sequence) => {
    campaigns += 1;
    const model = await aCampaignModel({ ...plan, store: fastStore(store), campaign: campaigns, mutation });
    if (frozen !== 'nothing') await freezeFirst(model, frozen);
    await fc.asyncModelRun(async () => ({ model: model, real: model }), sequence);
    await recover(model);
    await checkEnd(model);
    await applyLateWrites(model);
    await checkEnd(model);
  });
}

async function freezeFirst(model: CampaignModel, frozen: Frozen): Promise<void> {
  const [freezer] = model.freezers;
  if (freezer === undefined) return;
  while (!(await freeze(model, freezer)) && !(frozen === 'first page' && freezer.end?.page === 0));
  await progressOf(model).beginSending(model.key);
}
