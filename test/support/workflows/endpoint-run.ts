import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowClient } from '@temporalio/client';
import { events } from '../../../store/events/events.js';
import type { Store } from '../../../store/mongo/connect.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { ENDPOINT_TYPE, endpointRowChanged, endpointStart } from '../../../workflows/messages/endpoint.js';
import { hookReceiver } from '../scripted/hook-receiver.js';

export interface EndpointRunContext {
  readonly store: Store;
  readonly secret: string;
  readonly workflow: WorkflowClient;
  readonly prefix: string;
  /** Events after which a run ends. */
  readonly longestHistory: number;
}

const LATER_EVENTS = 6;
const ACCOUNT = 4_711;

/**
 * An endpoint that refuses its first event once: the wait for the second try, news beside it, and a run that follows
 * another as its history grows. Returns when all is delivered.
 */
export async function runEndpoint({ store, secret, workflow, prefix, longestHistory }: EndpointRunContext) {
  const { url, hooks, close } = await hookReceiver((_hook, nth) => (nth === 1 ? 500 : 204));
  const rows = endpoints(store, secret);
  const fields = { url, format: 'standard' as const, description: null, events: ['*'], ordered: false, cursor: 0 };
  const { row } = await rows.create(ACCOUNT, fields);
  const start = endpointStart(prefix, { account: ACCOUNT, endpoint: row._id, longestHistory });
  const append = (name: string) => events(store).append([{ _id: name, account: ACCOUNT, type: 'campaign.sent' }]);
  const signal = () =>
    workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: endpointRowChanged, signalArgs: [] as [] });
  const until = async (holds: (now: Endpoint) => boolean): Promise<void> => {
    for (;;) {
      const found = await rows.find(ACCOUNT, row._id);
      if (typeof found === 'object' && holds(found)) return;
      await pause(50);
    }
  };

  await append('refused');
  const { signaledRunId: firstRun } = await signal();
  // On a busy machine a retry may have succeeded before this check.
  await until(({ failures }) => failures === 1 || hooks.length > 1);
  for (let n = 1; n <= LATER_EVENTS; n += 1) {
    await append(`news ${n}`);
    await until(({ cursor }) => cursor > n);
    await signal();
  }
  await workflow.getHandle(start.workflowId).result();
  await close();
  return { row, hooks, workflowId: start.workflowId, firstRun };
}
