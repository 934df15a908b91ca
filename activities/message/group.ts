import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { MessageState } from '../../domain/message/message.js';
import { within } from '../../domain/within.js';
import type { Messages } from '../../store/messages/messages.js';
import { messageWorkflowId } from '../../workflows/names.js';
import type { Engine } from '../engine.js';
import { withHeartbeat } from '../heartbeat.js';
import { admissionByAccount } from './admission.js';
import { busy, type DeliverMessageInput, FIRST_ATTEMPT_MS, HEARTBEAT_MS, type JoinMessage } from './message.js';
import { type MessageStatus, RETRY_SOON_MS } from './status.js';

export interface MessageGroupDeps {
  readonly messageSteps: { readonly join: JoinMessage };
  readonly messages: Pick<Messages, 'postponeSweep' | 'nameRuns' | 'shownOf'>;
  readonly engine: Pick<Engine, 'startMessage'>;
  readonly times: Pick<ProtocolTimes, 'attempt' | 'lease'>;
  /** SIGTERM: claim no more. */
  readonly stopping: AbortSignal;
  readonly heartbeat: () => void;
  readonly log: { warn(details: object, message: string): void };
}

/** Ids only: content and addresses stay in the rows. */
export interface DeliverMessagesInput {
  readonly messages: readonly DeliverMessageInput[];
}

/** What a step did with its messages. */
export interface MessageGroupStep {
  /** Messages that are final. */
  readonly final: number;
  /** Messages that got a workflow of their own: they are due later, or another process has them. */
  readonly separate: number;
  /** The others, as positions in the input. */
  readonly left: readonly number[];
  /** When the first of the others is tried again, if each of them waits for its transport; ISO 8601. */
  readonly downUntil: string | null;
  /** Why the others wait, if all wait for the same; absent in histories of earlier versions, like `states`. */
  readonly reason?: string | null;
  /** How the final messages ended. */
  readonly states?: GroupStates;
}

/** Messages by their final state. */
type GroupStates = Readonly<Partial<Record<MessageState | 'gone', number>>>;

type Progress = MessageStatus | { readonly kind: 'under_way' } | { readonly kind: 'error'; readonly error: unknown };

/** Messages of one account that are in progress at once in this process, over all groups: it bounds the memory they take. */
const MOST_OF_ACCOUNT = 400;

/** The steps of a group of messages. Each message has its own attempt, which later calls join. */
export function messageGroupActivities(deps: MessageGroupDeps) {
  const admit = admissionByAccount(MOST_OF_ACCOUNT);
  const progressWithin = (ms: number, messages: readonly DeliverMessageInput[]): Promise<readonly Progress[]> =>
    progressAfter(
      ms,
      messages.map((message) => deps.messageSteps.join(message, (attempt) => admit(message.account, attempt))),
    );

  return {
    /** The first attempts, within a workflow task: returns after FIRST_ATTEMPT_MS, whatever the mail servers do. */
    beginMessages: async ({ messages }: DeliverMessagesInput): Promise<MessageGroupStep> => {
      const progress = await progressWithin(FIRST_ATTEMPT_MS, messages);
      return stepOf(progress, new Set());
    },

    /** Processes the messages that are due until none is left or the turn is over: slow groups take turns. */
    deliverMessages: ({ messages }: DeliverMessagesInput): Promise<MessageGroupStep> =>
      withHeartbeat(deps, HEARTBEAT_MS, async () => {
        await postponeSweep(deps, messages);
        const progress = await progressWithin(deps.times.attempt, messages);
        // Another worker goes on with the group.
        if (deps.stopping.aborted && progress.some(({ kind }) => kind === 'busy')) throw busy(RETRY_SOON_MS);
        const [first] = progress;
        // One message that fails must not stop the others; if all fail, the store is down.
        if (first?.kind === 'error' && progress.every(({ kind }) => kind === 'error')) throw first.error;
        const separate = new Set([...progress.keys()].filter((i) => needsOwnRun(progress[i])));
        await startSeparately(
          deps,
          messages.filter((_, i) => separate.has(i)),
        );
        return stepOf(progress, separate);
      }),
  };
}

function needsOwnRun(progress: Progress | undefined): boolean {
  return progress !== undefined && ['waiting', 'busy', 'error'].includes(progress.kind);
}

function stepOf(progress: readonly Progress[], separate: ReadonlySet<number>): MessageGroupStep {
  const left = [...progress.keys()].filter((i) => progress[i]?.kind !== 'final' && !separate.has(i));
  const downs = left.map((i) => progress[i]).filter((one) => one?.kind === 'transport_down');
  const downUntil = downs.length === left.length ? (earliest(downs) ?? null) : null;
  const reason = downUntil === null ? null : reasonOf(downs);
  const final = progress.length - separate.size - left.length;
  return { final, separate: separate.size, left, downUntil, reason, states: statesOf(progress) };
}

function reasonOf(downs: readonly Extract<MessageStatus, { kind: 'transport_down' }>[]): string | null {
  const reasons = new Set(downs.map(({ reason }) => reason));
  const [first = null] = reasons;
  return reasons.size === 1 ? first : null;
}

function statesOf(progress: readonly Progress[]): GroupStates {
  const states: Partial<Record<MessageState | 'gone', number>> = {};
  for (const one of progress) if (one.kind === 'final') states[one.state] = (states[one.state] ?? 0) + 1;
  return states;
}

function earliest(downs: readonly Extract<MessageStatus, { kind: 'transport_down' }>[]): string | undefined {
  return downs.map(({ until }) => until).toSorted()[0];
}

/**
 * The progress after all have ended, after `ms` milliseconds, or when the first that waits for its transport is due again: it
 * does not wait for the servers of other accounts.
 */
async function progressAfter(ms: number, running: readonly Promise<MessageStatus>[]): Promise<readonly Progress[]> {
  const progress: Progress[] = running.map(() => ({ kind: 'under_way' }));
  const timers: NodeJS.Timeout[] = [];
  let notifyDue = (): void => undefined;
  const dueAgain = new Promise<void>((resolve) => {
    notifyDue = resolve;
  });
  const all = running.map(async (one, i) => {
    const status = await one.catch((error: unknown) => ({ kind: 'error' as const, error }));
    progress[i] = status;
    if (status.kind !== 'transport_down') return;
    const wait = Date.parse(status.until) - now().getTime();
    if (wait < ms) timers.push(setTimeout(notifyDue, Math.max(0, wait)));
  });
  await within(ms, Promise.race([Promise.all(all), dueAgain]), undefined);
  for (const timer of timers) clearTimeout(timer);
  return [...progress];
}

/** The sweep leaves the messages of a live group alone. If this fails, it asks Temporal for the run. */
async function postponeSweep(
  { messages, times }: MessageGroupDeps,
  group: readonly DeliverMessageInput[],
): Promise<void> {
  const until = new Date(now().getTime() + times.attempt + times.lease);
  const ids = group.map(({ message }) => message);
  await messages.postponeSweep(ids, until).catch(() => undefined);
}

/** Children of a workflow would end with it: these are started through the client, and their rows name them. */
async function startSeparately(
  { engine, messages, log }: MessageGroupDeps,
  separate: readonly DeliverMessageInput[],
): Promise<void> {
  if (separate.length === 0) return;
  const shown = await messages.shownOf(separate.map(({ message }) => message)).catch(() => new Map<string, object>());
  await Promise.all(
    separate.map(({ account, message: _id }) => engine.startMessage({ ...shown.get(_id), _id, account })),
  );
  const runs = separate.map(({ message }) => ({ message, run: messageWorkflowId(message) }));
  // A row that names the group is found by the sweep, and its workflow is started again: harmless.
  await messages
    .nameRuns(runs)
    .catch((error) =>
      log.warn(
        { error: String(error) },
        'messages of a group could not be marked with their workflow; the sweep marks them',
      ),
    );
}
