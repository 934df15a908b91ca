import type { AsyncCommand } from 'fast-check';
import { checkAlways } from './invariants.js';
import type { CampaignModel } from './model.js';

export type Command = AsyncCommand<CampaignModel, CampaignModel>;

/**
 * One command: a condition, and an action that may return a description for the report of a failure. The invariants are
 * checked after it.
 */
export function command(
  name: string,
  may: (model: CampaignModel) => boolean,
  does: (model: CampaignModel) => unknown,
): Command {
  let did: unknown;
  return {
    check: may,
    run: async (model) => {
      did = await does(model);
      await checkAlways(model);
    },
    toString: () => (typeof did === 'string' ? `${name} ${did}` : name),
  };
}

/** The element at `index`, modulo the length. */
export function pick<T>(all: readonly T[], index: number): T | undefined {
  return all[index % all.length];
}
