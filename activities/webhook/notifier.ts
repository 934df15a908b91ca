import { now } from '../../clock.js';
import { typesFor } from '../../domain/webhook/formats.js';
import type { EventLog } from '../../store/events/event-log.js';
import type { Deliveries } from '../../store/webhooks/deliveries.js';
import type { Endpoint, Endpoints } from '../../store/webhooks/endpoints.js';
import type { Engine } from '../engine.js';

export interface EndpointNotifierDeps {
  readonly eventLog: Pick<EventLog, 'next' | 'assignSequences' | 'accountsToSequence' | 'deletedUpTo'>;
  readonly endpoints: Pick<Endpoints, 'due' | 'claimSweep' | 'skipTo'>;
  readonly deliveries: Pick<Deliveries, 'nextDue'>;
  readonly engine: Pick<Engine, 'notifyEndpoint'>;
  readonly log: { warn(details: object, message: string): void };
}

/** A wake-up that comes to nothing is repeated by the sweep after this time. */
const RETRY_AFTER_MS = 5_000;

/** Orders new events and wakes the endpoints they are for: of one account, or of all that the sweep finds. */
export function endpointNotifier(deps: EndpointNotifierDeps) {
  return async (account?: number): Promise<void> => {
    for (const one of account === undefined ? await deps.eventLog.accountsToSequence() : [account]) {
      await deps.eventLog.assignSequences(one);
    }
    for (const row of await deps.endpoints.due(account)) {
      // One endpoint that cannot be helped must not keep the others waiting.
      await notifyIfDue(deps, row).catch((error) =>
        deps.log.warn({ endpoint: row._id, error: String(error) }, 'an endpoint could not be woken'),
      );
    }
  };
}

export type EndpointNotifier = ReturnType<typeof endpointNotifier>;

async function notifyIfDue(deps: EndpointNotifierDeps, row: Endpoint): Promise<void> {
  // Of several processes that hear of the same event one has the turn.
  const taken = await deps.endpoints.claimSweep(row, new Date(now().getTime() + RETRY_AFTER_MS));
  if (taken === null) return;
  const due = await deps.deliveries.nextDue(taken);
  const held = [taken.rest_until, taken.ordered ? due : null].find((until) => until !== null && until > now());
  if (held != null) return deps.endpoints.skipTo(taken, taken.cursor, held);
  const types = typesFor(taken.format, taken.events);
  const { found, upTo } = await deps.eventLog.next(taken.account, taken.cursor, types, 1);
  const missed = (await deps.eventLog.deletedUpTo(taken.account, taken.cursor)) > taken.cursor;
  const nothing = found.length === 0 && !missed && (due === null || due > now());
  if (nothing) return deps.endpoints.skipTo(taken, upTo, due);
  await deps.engine.notifyEndpoint(taken);
}
