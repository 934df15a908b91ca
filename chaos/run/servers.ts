import type { Config } from '../../config.js';
import { type Installation, startInstallation } from '../installation/installation.js';
import { type Judge, startJudge } from '../receiver/judge.js';
import { type Caller, callerOf } from './caller.js';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.js';

/** All that a run works with. */
export interface RunServers {
  readonly installation: Installation;
  readonly judge: Judge;
  readonly webhook: WebhookReceiver;
  readonly call: Caller;
}

interface ServersPlan {
  readonly config: Config;
  /** The compiled command line that the processes run. */
  readonly program: string;
  /** Decides which mails a trouble of the receiver meets. */
  readonly random: () => number;
}

/** Where the logs of the processes are; null where the promise held. */
interface Logs {
  readonly logs: string | null;
}

/** A run on servers of its own, which end with it. Their logs are kept unless the promise held. */
export async function onServers<Result>(
  { config, program, random }: ServersPlan,
  work: (servers: RunServers) => Promise<Result>,
  held: (result: Result) => boolean,
): Promise<Result & Logs> {
  const judge = await startJudge(random);
  const webhook = await startWebhookReceiver();
  const installation = await startInstallation(config, { smtpUrl: judge.url, program });
  let keepLogs = true;
  try {
    const result = await work({ installation, judge, webhook, call: callerOf(installation.addresses) });
    keepLogs = !held(result);
    return { ...result, logs: keepLogs ? installation.folder : null };
  } catch (failure) {
    throw new Error(`The run was broken off; its logs are in ${installation.folder}`, { cause: failure });
  } finally {
    await installation.stop({ keepLogs });
    await Promise.all([judge.close(), webhook.close()]);
  }
}
