import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FirstMessageStatus } from '../../activities/message/message.js';
import { type MessageInput, messageRowChanged } from '../messages/message.js';
import { listenForChanges, shownTime } from '../run.js';
import { firstAttempt, messageSteps } from '../steps.js';
import { showEnd, showWaiting } from './phase.js';

/** The least wait: this process's clock may be ahead of the store's. */
const LEAST_WAIT = 250;

/** Delivers one accepted message. Its row decides what happens; the workflow calls the next step when it is due. */
export async function message(input: MessageInput): Promise<string> {
  const changes = listenForChanges(messageRowChanged, 'The row has changed: check it now');
  let status = await beginInFirstTask(input);
  while (status.kind !== 'final') {
    const { ms, next, reason } = waitOf(status);
    if (ms > 0) {
      setCurrentDetails(`Next: ${next} at ${shownTime(new Date(Date.now() + ms).toISOString())}`);
      if (reason !== undefined) showWaiting(status.kind === 'waiting' ? status.state : undefined, reason);
      await changes.within(ms, next);
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof message>(input);
    status = await messageSteps(next).deliverMessage(input);
  }
  setCurrentDetails(`**${status.state}**`);
  showEnd(status.state);
  return status.state;
}

interface Wait {
  /** 0: none. */
  readonly ms: number;
  /** What happens then. */
  readonly next: string;
  /** Null: it has its time; undefined: unknown. */
  readonly reason?: string | null;
}

/** How long the message waits before its next step, and for what. */
function waitOf(status: Exclude<FirstMessageStatus, { kind: 'final' }>): Wait {
  switch (status.kind) {
    case 'transport_down': {
      const { until, reason = 'transport_unavailable' } = status;
      return { ms: millisecondsTo(until), next: `${reason}: tries again`, reason };
    }
    case 'waiting': {
      const next = status.state === 'deferred' ? `attempt ${status.attempt}` : 'sends';
      return { ms: millisecondsTo(status.until), next, reason: null };
    }
    case 'busy':
      return { ms: Math.max(status.wait, LEAST_WAIT), next: 'another attempt has it: looks again' };
    case 'under_way':
      return { ms: 0, next: 'goes on with the first attempt' };
  }
}

function millisecondsTo(time: string): number {
  return Math.max(Date.parse(time) - Date.now(), LEAST_WAIT);
}

/** The first attempt runs in the first workflow task, which halves the time to the mail server. The next step repairs a failure. */
async function beginInFirstTask(input: MessageInput): Promise<FirstMessageStatus> {
  try {
    return await firstAttempt('first attempt').beginMessage(input);
  } catch {
    return { kind: 'under_way' };
  }
}
