import { now } from '../../clock.js';
import { typesFor } from '../../domain/webhook/formats.js';
import type { River } from '../../store/river.js';
import type { Deliveries } from '../../store/webhook/deliveries.js';
import type { Endpoint, Endpoints } from '../../store/webhook/endpoints.js';
import type { Engine } from '../engine.js';

export interface BellDeps {
  readonly river: Pick<River, 'next' | 'flow' | 'accountsInMotion' | 'forgottenAfter'>;
  readonly endpoints: Pick<Endpoints, 'owed' | 'takeTurn' | 'pass'>;
  readonly deliveries: Pick<Deliveries, 'nextDue'>;
  readonly engine: Pick<Engine, 'wakeEndpoint'>;
  readonly log: { warn(details: object, message: string): void };
}

/** A wake-up that comes to nothing is repeated by the sweep after this time. */
const PATIENCE = 5_000;

/** Orders new events and wakes the endpoints they are for: of one account, or of all that the sweep finds. */
export function endpointBell(deps: BellDeps) {
  return async (account?: number): Promise<void> => {
    for (const one of account === undefined ? await deps.river.accountsInMotion() : [account]) {
      await deps.river.flow(one);
    }
    for (const row of await deps.endpoints.owed(account)) {
      // One endpoint that cannot be helped must not keep the others waiting.
      await lookAfter(deps, row).catch((error) =>
        deps.log.warn({ endpoint: row._id, error: String(error) }, 'an endpoint could not be woken'),
      );
    }
  };
}

export type EndpointBell = ReturnType<typeof endpointBell>;

async function lookAfter(deps: BellDeps, row: Endpoint): Promise<void> {
  // Of several processes that hear of the same event one has the turn.
  const mine = await deps.endpoints.takeTurn(row, new Date(now().getTime() + PATIENCE));
  if (mine === null) return;
  const due = await deps.deliveries.nextDue(mine);
  const held = [mine.rest_until, mine.ordered ? due : null].find((until) => until !== null && until > now());
  if (held != null) return deps.endpoints.pass(mine, mine.cursor, held);
  const types = typesFor(mine.format, mine.events);
  const { found, upTo } = await deps.river.next(mine.account, mine.cursor, types, 1);
  const missed = (await deps.river.forgottenAfter(mine.account, mine.cursor)) > mine.cursor;
  const nothing = found.length === 0 && !missed && (due === null || due > now());
  if (nothing) return deps.endpoints.pass(mine, upTo, due);
  await deps.engine.wakeEndpoint(mine);
}
