import { continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { MessageGroupStep } from '../../activities/message/group.js';
import { timeOfMessageId } from '../../domain/message/message-id.js';
import {
  type MessageGroupInput,
  type MessageGroupProgress,
  type MessageGroupResult,
  type MessageInput,
  messageGroupProgress,
  messageRowChanged,
} from '../messages/message.js';
import { listenForChanges } from '../run.js';
import { firstAttempt, messageSteps } from '../steps.js';

/** The least wait: this process's clock may be ahead of the worker's. */
const LEAST_WAIT = 250;

/**
 * Delivers a group of accepted messages. Their rows decide what happens; a message that is due later gets a workflow of its
 * own. The run ends when no message is left to it.
 */
export async function messages(input: MessageGroupInput): Promise<MessageGroupResult> {
  const changes = listenForChanges(messageRowChanged, 'The row of a message has changed: check it now');
  const group = groupOf(input);
  let step = await beginInFirstTask(group.left());
  while (group.record(step) > 0) {
    // Histories of earlier versions have no time.
    if (step.downUntil != null) await changes.within(Math.max(LEAST_WAIT, Date.parse(step.downUntil) - Date.now()));
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof messages>(group.rest());
    step = await messageSteps().deliverMessages({ messages: group.left() });
  }
  return group.done();
}

/** The messages that are left, and what came of the others. Shows both to operators. */
function groupOf({ messages: all, earlier }: MessageGroupInput) {
  let left: readonly MessageInput[] = all;
  let { final, separate } = earlier ?? { final: 0, separate: 0 };
  const progress = (): MessageGroupProgress => {
    const [oldest] = left.map(({ message }) => timeOfMessageId(message).toISOString()).sort();
    return { total: final + separate + left.length, final, separate, left: left.length, oldest: oldest ?? null };
  };
  setHandler(messageGroupProgress, progress, {
    description: 'How many messages are final and left; the oldest one left',
  });
  return {
    left: () => left,
    done: (): MessageGroupResult => ({ final, separate }),
    rest: (): MessageGroupInput => ({ messages: left, earlier: { final, separate } }),
    /** Returns how many are left after the step. */
    record: (step: MessageGroupStep): number => {
      final += step.final;
      separate += step.separate;
      left = step.left.flatMap((i) => left[i] ?? []);
      setCurrentDetails(sentenceOf(progress()));
      return left.length;
    },
  };
}

function sentenceOf({ total, final, left, oldest }: MessageGroupProgress): string {
  const counts = `${final} of ${total} messages are final, ${left} are left`;
  return oldest === null ? counts : `${counts}; the oldest was accepted at ${oldest}`;
}

/** The first attempts run in the first workflow task. The next step repairs a failure. */
async function beginInFirstTask(messages: readonly MessageInput[]): Promise<MessageGroupStep> {
  try {
    return await firstAttempt().beginMessages({ messages });
  } catch {
    return { final: 0, separate: 0, left: [...messages.keys()], downUntil: null };
  }
}
