import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { FirstMessageStatus } from '../../activities/message/message.js';
import { type MessageInput, messageRowChanged } from '../messages.js';
import { firstAttempt, messageSteps } from '../steps.js';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/** Brings one accepted message to its end; what happens to it is decided by its row, and this keeps looking after it. */
export async function message(input: MessageInput): Promise<string> {
  const { untilChanged } = listenForChanges();
  let downs = 0;
  let status = await beginInFirstTask(input);
  while (status.kind !== 'final') {
    if (status.kind === 'waiting') await untilChanged(Date.parse(status.until) - Date.now());
    if (status.kind === 'busy') await untilChanged(status.wait);
    if (status.kind === 'transport_down') await untilChanged(Math.min(FIRST_WAIT * 2 ** downs++, LONGEST_WAIT));
    else downs = 0;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof message>(input);
    status = await messageSteps().deliverMessage(input);
  }
  return status.state;
}

/** Without a task of its own: it saves half of the way to the mail server. Whatever goes wrong here, the next look repairs. */
async function beginInFirstTask(input: MessageInput): Promise<FirstMessageStatus> {
  try {
    return await firstAttempt().beginMessage(input);
  } catch {
    return { kind: 'under_way' };
  }
}

function listenForChanges() {
  let changed = false;
  setHandler(messageRowChanged, () => {
    changed = true;
  });
  return {
    /** Returns after so many milliseconds, or when the row has changed. Never at once: our clock may be ahead of the store's. */
    untilChanged: async (ms: number): Promise<void> => {
      await condition(() => changed, Math.max(ms, FIRST_WAIT / 4));
      changed = false;
    },
  };
}
