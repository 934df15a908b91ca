import type { NativeConnection } from '@temporalio/worker';
import type { Engine } from '../../../activities/engine.js';
import { type QueueSettings, workerMakers } from '../../../workers/queue-workers.js';
import { activityWiring, orderlyStop, type WorkerDependencies } from '../../../workers/wiring.js';

/** The tests start and signal the workflows themselves. */
const idleEngine: Engine = {
  campaignWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  notifyCampaign: async () => undefined,
  confirmationWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  startConfirmation: async () => undefined,
  importWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  startImport: async () => undefined,
  startDraft: async () => undefined,
  startMessage: async () => undefined,
  startMessages: async () => undefined,
  messageRunStatus: async () => ({ status: 'running', closedAt: null }),
  notifyEndpoint: async () => undefined,
  reconcileSchedule: async () => undefined,
  deleteSchedule: async () => undefined,
  scheduledNewsletters: async () => [],
  issueWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  notifyIssue: async () => undefined,
  signalIssue: async () => undefined,
};

export type QueueWorkersSettings = WorkerDependencies & QueueSettings & { readonly connection: NativeConnection };

/** The queues of a worker without its watches and its sweep: no workflow starts and no signal is sent but by the test. */
export async function queueWorkers(settings: QueueWorkersSettings) {
  const { connection, lanes } = settings;
  const stop = orderlyStop();
  const wiring = await activityWiring(settings, stop);
  const makers = await workerMakers(settings, connection, { ...wiring, maxLanes: lanes, engine: idleEngine });
  const workers = await Promise.all(makers.map((make) => make()));
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    stop: async (): Promise<void> => {
      stop.begin();
      for (const worker of workers) worker.shutdown();
      await running;
      await wiring.outgoing.close();
      await wiring.web.close();
      await Promise.all([wiring.renderer.close(), wiring.tasks.close(), wiring.signing.close()]);
      await wiring.messageSteps.ended();
    },
  };
}
