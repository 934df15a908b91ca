import type { AsyncCommand } from 'fast-check';
import { checkAlways } from './invariants.js';
import type { World } from './world.js';

export type Deed = AsyncCommand<World, World>;

/**
 * One command: where it makes sense, what it does (it may say what that was, for the report of a failure); the invariants
 * are checked behind it.
 */
export function deed(name: string, may: (world: World) => boolean, does: (world: World) => unknown): Deed {
  let did: unknown;
  return {
    check: may,
    run: async (world) => {
      did = await does(world);
      await checkAlways(world);
    },
    toString: () => (typeof did === 'string' ? `${name} ${did}` : name),
  };
}

/** The element at `place`, counted round and round. */
export function pick<T>(all: readonly T[], place: number): T | undefined {
  return all[place % all.length];
}
