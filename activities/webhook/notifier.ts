import { now } from '../../clock.js';
import { typesFor } from '../../domain/webhook/formats.js';
import type { EventLog } from '../../store/events/event-log.js';
import type { Deliveries } from '../../store/webhooks/deliveries.js';
import type { Endpoints } from '../../store/webhooks/endpoints.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import type { Engine } from '../engine.js';

export interface EndpointNotifierDeps {
  readonly eventLog: EventLog;
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
  readonly engine: Pick<Engine, 'notifyEndpoint'>;
  readonly log: { warn(details: object, message: string): void };
}

/** The sweep repeats a notification that started no pass after this time. */
const RETRY_AFTER_MS = 5_000;

/** Gives new events their sequence numbers and notifies the endpoints that need them: of one account, or of all that are due. */
export function endpointNotifier(deps: EndpointNotifierDeps) {
  return async (account?: number): Promise<void> => {
    for (const one of account === undefined ? await deps.eventLog.accountsToSequence() : [account]) {
      await deps.eventLog.assignSequences(one);
    }
    for (const row of await deps.endpoints.due(account)) {
      // A failure at one endpoint must not delay the others.
      await notifyIfDue(deps, row).catch((error) =>
        deps.log.warn(
          { endpoint: row._id, error: String(error) },
          'the endpoint could not be notified of new events; the sweep tries again',
        ),
      );
    }
  };
}

async function notifyIfDue(deps: EndpointNotifierDeps, row: Endpoint): Promise<void> {
  // Several processes see the same event; one of them claims the row.
  const claimed = await deps.endpoints.claimSweep(row, new Date(now().getTime() + RETRY_AFTER_MS));
  if (claimed === null) return;
  const due = await deps.deliveries.nextDue(claimed);
  const held = [claimed.rest_until, claimed.ordered ? due : null].find((until) => until !== null && until > now());
  if (held != null) return deps.endpoints.skipTo(claimed, claimed.cursor, held);
  const types = typesFor(claimed.format, claimed.events);
  const { found, upTo } = await deps.eventLog.next(claimed.account, claimed.cursor, types, 1);
  const missed = (await deps.eventLog.deletedUpTo(claimed.account, claimed.cursor)) > claimed.cursor;
  const nothing = found.length === 0 && !missed && (due === null || due > now());
  if (nothing) return deps.endpoints.skipTo(claimed, upTo, due);
  await deps.engine.notifyEndpoint(claimed);
}
