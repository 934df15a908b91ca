import fc from 'fast-check';
import type { Store } from '../../store/connect.js';
import { campaignCommands } from './campaign-commands.js';
import { freeze } from './freezer.js';
import { aftermath, heal } from './heal.js';
import { checkEnd } from './invariants.js';
import { aWorld } from './launch.js';
import { type Bend, quick } from './network.js';
import { pageCommands } from './page-commands.js';
import { progressOf, type World } from './world.js';

let campaigns = 0;

const plans = fc.record({
  recipients: fc.integer({ min: 1, max: 12 }),
  resends: fc.boolean(),
  /** Most runs begin behind the first freeze, so that their commands go to the pages. */
  frozen: fc.oneof({ weight: 7, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

const commands = fc.commands([...pageCommands, ...campaignCommands], { maxCommands: 140, size: 'max' });

/** Any commands in any order, then faults stop: PROTOCOL's invariants hold throughout and at the end. */
export function theProtocolHolds(store: Store, bend: Bend) {
  return fc.asyncProperty(plans, commands, async ({ frozen, ...plan }, deeds) => {
    campaigns += 1;
    const world = await aWorld({ ...plan, store: quick(store), campaign: campaigns, bend });
    if (frozen) await freezeFirst(world);
    await fc.asyncModelRun(async () => ({ model: world, real: world }), deeds);
    await heal(world);
    await checkEnd(world);
    await aftermath(world);
    await checkEnd(world);
  });
}

async function freezeFirst(world: World): Promise<void> {
  const [freezer] = world.freezers;
  if (freezer === undefined) return;
  while (!(await freeze(world, freezer)));
  await progressOf(world).frozen(world.key, world.list.length);
}
