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
import { listenForChanges, shownTime } from '../run.js';
import { firstAttempt, messageSteps } from '../steps.js';
import { showEnd, showWaiting } from './phase.js';

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
    if (step.downUntil != null) {
      const wait = Math.max(LEAST_WAIT, Date.parse(step.downUntil) - Date.now());
      await changes.within(wait, `${step.reason ?? 'a transport is down'}: tries again`);
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof messages>(group.rest());
    step = await messageSteps(`sends the ${group.left().length} that are left`).deliverMessages({
      messages: group.left(),
    });
  }
  showEnd(worstOf(group.done()));
  return group.done();
}

/** The phase of a group that has ended: `uncertain` or `failed` where one of its messages is. */
function worstOf({ states = {} }: MessageGroupResult): string {
  return ['uncertain', 'failed'].find((state) => (states[state] ?? 0) > 0) ?? 'sent';
}

/** The messages that are left, and what came of the others. Shows both to operators. */
function groupOf({ messages: all, earlier }: MessageGroupInput) {
  let left: readonly MessageInput[] = all;
  let { final, separate } = earlier ?? { final: 0, separate: 0 };
  let states = earlier?.states ?? {};
  const progress = (): MessageGroupProgress => {
    const [oldest] = left.map(({ message }) => timeOfMessageId(message).toISOString()).sort();
    return { total: final + separate + left.length, final, separate, left: left.length, oldest: oldest ?? null };
  };
  setHandler(messageGroupProgress, progress, {
    description: 'How many messages are final and left; the oldest one left',
  });
  return {
    left: () => left,
    done: (): MessageGroupResult => ({ final, separate, states }),
    rest: (): MessageGroupInput => ({ messages: left, earlier: { final, separate, states } }),
    /** Returns how many are left after the step. */
    record: (step: MessageGroupStep): number => {
      final += step.final;
      separate += step.separate;
      left = step.left.flatMap((i) => left[i] ?? []);
      states = sumOf(states, step.states ?? {});
      const { reason } = step;
      if (left.length > 0 && reason !== undefined) showWaiting(undefined, reason);
      setCurrentDetails(detailsOf(progress(), states, reason));
      return left.length;
    },
  };
}

type States = Readonly<Record<string, number>>;

function sumOf(before: States, more: States): States {
  const sum = new Map(Object.entries(before));
  for (const [state, n] of Object.entries(more)) sum.set(state, (sum.get(state) ?? 0) + n);
  return Object.fromEntries(sum);
}

function detailsOf(
  { total, final, separate, left, oldest }: MessageGroupProgress,
  states: States,
  reason?: string | null,
) {
  const counts = Object.entries(states).map(([state, n]) => `${n} ${state}`);
  return [
    `**${total} messages** = ${final} final + ${separate} with a workflow of their own + ${left} left`,
    counts.length === 0 ? '' : `Final: ${counts.join(', ')}`,
    reason == null ? '' : `Reason: \`${reason}\``,
    oldest === null ? '' : `The oldest that is left was accepted at ${shownTime(oldest)}`,
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}

/** The first attempts run in the first workflow task. The next step repairs a failure. */
async function beginInFirstTask(messages: readonly MessageInput[]): Promise<MessageGroupStep> {
  try {
    return await firstAttempt('first attempts').beginMessages({ messages });
  } catch {
    return { final: 0, separate: 0, left: [...messages.keys()], downUntil: null };
  }
}
