import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowClient } from '@temporalio/client';
import { now } from '../../../clock.js';
import { eventLog } from '../../../store/events/event-log.js';
import { events, publicIdOf } from '../../../store/events/events.js';
import type { Store } from '../../../store/mongo/connect.js';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { ENDPOINT_TYPE, endpointRowChanged, endpointStart } from '../../../workflows/messages/endpoint.js';
import { hookReceiver } from '../scripted/hook-receiver.js';

export interface EndpointRunContext {
  readonly store: Store;
  readonly secret: string;
  readonly workflow: WorkflowClient;
  /** Prefix of queues whose workers notify no endpoint: a run that another process begins has no `longestHistory`. */
  readonly prefix: string;
  /** Events after which a run ends. */
  readonly longestHistory: number;
}

const LATER_EVENTS = 6;
const ACCOUNT = 4_711;
const TYPE = 'campaign.sent';
/** Longer than any test: a delivery that waits this long keeps the runs from ending. */
const AN_HOUR = 3_600_000;

/**
 * An endpoint that refuses its first event once: the wait for the second try, news beside it, and a run that follows
 * another as its history grows. A delivery that waits for longer keeps the last run open until all news are delivered, so
 * that each run before it has continued as a new one. Returns when all is delivered.
 */
export async function runEndpoint({ store, secret, workflow, prefix, longestHistory }: EndpointRunContext) {
  const { url, hooks, close } = await hookReceiver((_hook, nth) => (nth === 1 ? 500 : 204));
  const rows = endpoints(store, secret);
  const append = async (name: string): Promise<number> => {
    await events(store).append([{ _id: name, account: ACCOUNT, type: TYPE }]);
    return eventLog(store).assignSequences(ACCOUNT);
  };
  const cursor = await append('waits');
  const fields = { url, format: 'standard' as const, description: null, events: ['*'], ordered: false, cursor };
  const { row } = await rows.create(ACCOUNT, fields);
  const dueAt = (due: Date) =>
    deliveries(store).replay(
      row,
      [{ event: publicIdOf({ account: ACCOUNT, _id: 'waits' }), seq: cursor, type: TYPE }],
      due,
    );
  const start = endpointStart(
    { prefix, publicUrl: 'http://everpost.test' },
    { account: ACCOUNT, endpoint: row._id, longestHistory },
    row,
  );
  const signal = () =>
    workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: endpointRowChanged, signalArgs: [] as [] });
  const untilPassed = async (sequence: number): Promise<void> => {
    const isPassed = (now: Endpoint) => now.cursor === sequence && now.leased_until === null;
    for (;;) {
      const found = await rows.find(ACCOUNT, row._id);
      if (typeof found === 'object' && isPassed(found)) return;
      await pause(50);
    }
  };

  await dueAt(new Date(now().getTime() + AN_HOUR));
  const refused = await append('refused');
  const { signaledRunId: firstRun } = await signal();
  await untilPassed(refused);
  for (let n = 1; n <= LATER_EVENTS; n += 1) {
    const sequence = await append(`news ${n}`);
    await signal();
    await untilPassed(sequence);
  }
  await dueAt(now());
  await signal();
  await workflow.getHandle(start.workflowId).result();
  await close();
  return { row, hooks, workflowId: start.workflowId, firstRun };
}
