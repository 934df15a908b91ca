import { once } from 'node:events';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Config } from '../../config.js';
import type { ProcessShare } from '../../domain/transport.js';
import type { RunningWorker } from '../../workers/main.js';
import type { ProcessStatus } from '../../workers/queue-workers.js';
import { storeOf } from '../addresses.js';
import { untilStopSignal } from '../stop-signal.js';
import { type ProcessAnswers, type SendProcessPlan, STOP_WITHIN } from './send-processes.js';
import { startPart } from './worker.js';

/** A process of a worker that sends campaigns with its share of the connections. It drains at SIGTERM, and without its parent. */
export async function sendProcess(openLog: (config: Config) => Logger): Promise<void> {
  const alone = new Promise<void>((resolve) => {
    process.once('disconnect', resolve);
    // The parent may have ended while this process was loaded.
    if (!process.connected) resolve();
  });
  const stopped = untilStopSignal();
  const planned = once(process, 'message') as Promise<[SendProcessPlan]>;
  const first = await Promise.race([planned, alone, stopped]);
  if (first === undefined) return;
  const { config, at, share } = first[0];
  const log = openLog(config).child({ process: share.index });
  const registry = config.http.metricsToken === undefined ? undefined : childRegistry(share);
  let running: RunningWorker | undefined;
  answerParent({
    metrics: async () => registry?.metrics(),
    status: async () => running?.status() ?? STARTING,
  });
  const store = await storeOf(config, at);
  try {
    running = await startPart({ config, store, at, log, registry, share, part: 'send' });
    log.info('process sends campaigns');
    await Promise.race([stopped, alone, running.ended]);
    // Without its parent, its servers may be gone as well.
    setTimeout(() => process.exit(1), STOP_WITHIN).unref();
    await running.stop();
  } finally {
    await store.close();
    if (process.connected) process.disconnect();
  }
}

const STARTING: ProcessStatus = { state: 'starting', lost: [] };

type Answers = { readonly [Question in keyof ProcessAnswers]: () => Promise<ProcessAnswers[Question] | undefined> };

function answerParent(answers: Answers): void {
  process.on('message', (question: keyof ProcessAnswers) => {
    const answer = answers[question]().catch(() => undefined);
    // The parent may have ended meanwhile.
    void answer.then((value) => process.send?.({ [question]: value }, () => undefined));
  });
}

/** No two processes have a metric with the same labels. */
function childRegistry({ index }: ProcessShare): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: `send-${index}` });
  collectDefaultMetrics({ register: registry });
  return registry;
}
