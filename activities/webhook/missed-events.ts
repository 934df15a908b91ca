import { now } from '../../clock.js';
import { publicIdOf } from '../../store/events/events.js';
import type { DeliveryPass } from './delivery-pass.js';

/**
 * Events are kept for a time only. An endpoint that stood still for longer has missed some: that is told as an event and in
 * its log, and it goes on behind them. Repeatable: the id names the place where it stood.
 */
export async function publishMissed(pass: DeliveryPass): Promise<void> {
  const { deps, row, window } = pass;
  const upTo = await deps.eventLog.deletedUpTo(row.account, row.cursor);
  if (upTo === row.cursor) return;
  const { _id: webhook, account, cursor } = row;
  const data = { webhook, from: cursor + 1, to: upTo };
  const missed = { _id: `webhook:${webhook}:missed:${cursor}`, account, type: 'webhook.missed', data };
  await deps.events.append([missed]);
  const tried = { at: now(), status: null, error: 'events_forgotten', ms: 0, answer: '' };
  const entry = { event: publicIdOf(missed), seq: null, type: missed.type, state: 'failed', due: null } as const;
  await deps.deliveries.record(row, [{ ...entry, attempt: 0, tried }]);
  pass.readUpTo = upTo;
  window.passTo(upTo);
}
