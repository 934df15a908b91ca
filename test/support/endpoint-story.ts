import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowClient } from '@temporalio/client';
import type { Store } from '../../store/connect.js';
import { events } from '../../store/events.js';
import { type Endpoint, endpoints } from '../../store/webhook/endpoints.js';
import { ENDPOINT_TYPE, endpointStart, lookAtEndpoint } from '../../workflows/messages.js';
import { hookReceiver } from './hook-receiver.js';

export interface StoryGround {
  readonly store: Store;
  readonly secret: string;
  readonly workflow: WorkflowClient;
  readonly prefix: string;
  /** Events after which a run ends. */
  readonly longestHistory: number;
}

const NEWS = 6;
const ACCOUNT = 4_711;

/**
 * An endpoint that refuses its first event once: the wait for the second try, news beside it, and a run that follows
 * another as its history grows. Returns when all is delivered.
 */
export async function endpointStory({ store, secret, workflow, prefix, longestHistory }: StoryGround) {
  const { url, hooks, close } = await hookReceiver((_hook, nth) => (nth === 1 ? 500 : 204));
  const rows = endpoints(store, secret);
  const asked = { url, format: 'standard' as const, description: null, events: ['*'], ordered: false, cursor: 0 };
  const { row } = await rows.create(ACCOUNT, asked);
  const start = endpointStart(prefix, { account: ACCOUNT, endpoint: row._id, longestHistory });
  const happen = (name: string) => events(store).append([{ _id: name, account: ACCOUNT, type: 'campaign.sent' }]);
  const look = () =>
    workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: lookAtEndpoint, signalArgs: [] as [] });
  const until = async (holds: (now: Endpoint) => boolean): Promise<void> => {
    for (;;) {
      const found = await rows.find(ACCOUNT, row._id);
      if (typeof found === 'object' && holds(found)) return;
      await pause(50);
    }
  };

  await happen('refused');
  const { signaledRunId: firstRun } = await look();
  // On a busy machine it may have been tried again, and well answered, before anybody looks.
  await until(({ failures }) => failures === 1 || hooks.length > 1);
  for (let n = 1; n <= NEWS; n += 1) {
    await happen(`news ${n}`);
    await until(({ cursor }) => cursor > n);
    await look();
  }
  await workflow.getHandle(start.workflowId).result();
  await close();
  return { row, hooks, workflowId: start.workflowId, firstRun };
}
