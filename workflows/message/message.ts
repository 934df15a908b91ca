import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { FirstMessageStatus } from '../../activities/message/message.js';
import { type MessageInput, messageRowChanged } from '../messages/message.js';
import { listenForChanges } from '../run.js';
import { firstAttempt, messageSteps } from '../steps.js';

/** The least wait: this process's clock may be ahead of the store's. */
const LEAST_WAIT = 250;

/** Delivers one accepted message. Its row decides what happens; the workflow calls the next step when it is due. */
export async function message(input: MessageInput): Promise<string> {
  const changes = listenForChanges(messageRowChanged, 'The row has changed: check it now');
  const untilChanged = (ms: number) => changes.within(Math.max(ms, LEAST_WAIT));
  let status = await beginInFirstTask(input);
  while (status.kind !== 'final') {
    if (status.kind === 'waiting' || status.kind === 'transport_down') await untilChanged(millisecondsTo(status.until));
    if (status.kind === 'busy') await untilChanged(status.wait);
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof message>(input);
    status = await messageSteps().deliverMessage(input);
  }
  return status.state;
}

function millisecondsTo(time: string): number {
  return Date.parse(time) - Date.now();
}

/** The first attempt runs in the first workflow task, which halves the time to the mail server. The next step repairs a failure. */
async function beginInFirstTask(input: MessageInput): Promise<FirstMessageStatus> {
  try {
    return await firstAttempt().beginMessage(input);
  } catch {
    return { kind: 'under_way' };
  }
}
