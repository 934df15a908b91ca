import { now } from '../../clock.js';
import { IN_FLIGHT, typesFor } from '../../domain/webhook/formats.js';
import { type DeliveryPass, stopReason } from './delivery-pass.js';
import { eventPayloadsOf } from './event-payloads.js';

const PAGE = 200;

export type StepResult = 'more' | 'nothing' | 'resting' | 'over';

/** What is due again, then what is new; behind a failure an ordered endpoint waits for the one, and gets nothing of the other. */
export async function nextStep(pass: DeliveryPass): Promise<StepResult> {
  const stopped = await stopReason(pass);
  if (stopped !== undefined) return stopped;
  const retried = await retryDue(pass);
  if (pass.row.ordered && (await hasFailed(pass))) return retried ? 'more' : 'nothing';
  const found = await deliverNew(pass);
  return retried || found ? 'more' : 'nothing';
}

/** Whether anything was due. */
async function retryDue(pass: DeliveryPass): Promise<boolean> {
  const { deps, row, window } = pass;
  const limit = row.ordered ? 1 : IN_FLIGHT * 2;
  const waiting = await deps.deliveries.due(row, now(), limit);
  const due = waiting.filter(({ event }) => !window.isUnderWay(event));
  // They are under way, or not written down yet; behind them there may be more.
  if (due.length === 0) await (waiting.length > 0 && window.settle());
  const kept = await deps.eventLog.byPublicIds(
    row.account,
    due.map(({ event }) => event),
  );
  const byId = new Map(kept.map((event) => [event.public_id, event]));
  for (const lost of due.filter(({ event }) => !byId.has(event))) window.giveUp(lost);
  const again = due.filter(({ event }) => byId.has(event));
  const events = again.flatMap(({ event }) => byId.get(event) ?? []);
  const eventPayloads = await eventPayloadsOf(deps, row.account, events, row.format === 'envie');
  for (const [i, one] of eventPayloads.entries()) {
    if (await isStopped(pass)) return true;
    await window.begin(
      { eventPayload: one, seq: events[i]?.seq ?? null, attempt: (again[i]?.attempts ?? 0) + 1 },
      'retry',
    );
  }
  return waiting.length > 0;
}

/** Whether there was anything new. */
async function deliverNew(pass: DeliveryPass): Promise<boolean> {
  const { deps, row, window } = pass;
  const { found, upTo } = await deps.eventLog.next(row.account, pass.readUpTo, typesFor(row.format, row.events), PAGE);
  const eventPayloads = await eventPayloadsOf(deps, row.account, found, row.format === 'envie');
  for (const [i, one] of eventPayloads.entries()) {
    const seq = found[i]?.seq ?? upTo;
    if (await isStopped(pass)) return true;
    await window.begin({ eventPayload: one, seq, attempt: 1 }, 'new');
    pass.readUpTo = seq;
    if (row.ordered && (await hasFailed(pass))) return true;
  }
  const moved = upTo > pass.readUpTo || found.length > 0;
  pass.readUpTo = upTo;
  if (moved) window.passTo(upTo);
  return moved;
}

/** Asked once there is room for an attempt: what came up while it was waited for counts. */
async function isStopped(pass: DeliveryPass): Promise<boolean> {
  await pass.window.room();
  return (await stopReason(pass)) !== undefined;
}

/** Whether something waits to be tried again, once all that was begun has been answered. */
async function hasFailed({ deps, row, window }: DeliveryPass): Promise<boolean> {
  await window.settle();
  return (await deps.deliveries.nextDue(row)) !== null;
}
