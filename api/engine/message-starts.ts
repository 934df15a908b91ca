import { randomUUID } from 'node:crypto';
import { now } from '../../clock.js';
import { sharedCalls } from '../../domain/shared-calls.js';
import { within } from '../../domain/within.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';
import type { StartedRun } from '../../store/messages/runs.js';
import type { ShownMessage } from '../../workflows/messages/message.js';
import { messageGroupWorkflowId, messageWorkflowId } from '../../workflows/names.js';
import type { OutageLog } from './outage-log.js';

/** A message that was accepted, as far as its start needs it. */
export type StartableMessage = Pick<Message, '_id' | 'account' | 'due' | 'sweep_at' | 'traceparent'> & ShownMessage;

/** A workflow that carries these messages. */
export interface MessageRun {
  readonly workflowId: string;
  /** One message: its own workflow. */
  readonly rows: readonly StartableMessage[];
}

export interface MessageStartDeps {
  /** Starts the workflow; a repeated call with the same id does nothing. Rejects if there is no answer. */
  readonly start: (run: MessageRun) => Promise<unknown>;
  readonly messages: Pick<Messages, 'recordRuns'>;
  readonly outages: OutageLog;
  /** The sweep leaves a started message alone for so long; milliseconds. */
  readonly lease: number;
  /** Messages that may wait or be under way. Further ones are left to the sweep. */
  readonly maxQueued: number;
  /** Resolves when the worker of this process has few messages to send; awaited for LONGEST_GATHERING_MS at most. */
  readonly untilNotBusy: () => Promise<unknown>;
  /** Whether the process that sends is short of time, so that fewer and larger starts are faster for all. */
  readonly isLoopBusy: () => boolean;
}

const STARTS_AT_ONCE = 2;
const MOST_OF_START = 200;
/** A start that is older holds up no other: it no longer counts as one of those at once. */
const OLD_START_MS = 300;
/** Messages that would only wait in a busy worker wait for a larger group instead, for so long. */
const LONGEST_GATHERING_MS = 150;

/**
 * Starts the workflows of accepted messages: while starts are under way, or the worker of this process is busy, newcomers wait
 * for the next one and share it. A single message starts at once.
 */
export function messageStarts({ start, messages, outages, lease, maxQueued, ...load }: MessageStartDeps) {
  const open = new Set<Promise<unknown>>();
  let queued = 0;
  let closed = false;

  const record = sharedCalls<StartedRun, void>({ send: (runs) => messages.recordRuns(runs).then(() => []) });

  /** A start without an answer is repeated once with the same id. */
  const begin = async (run: MessageRun): Promise<void> => {
    const isStarted = await outages.attempt(run.workflowId, () => start(run).catch(() => start(run)));
    if (!isStarted) return;
    const at = Math.max(now().getTime(), ...run.rows.map(({ due }) => due.getTime()));
    // Without this write the sweep starts them again, which is harmless.
    await record({ run: run.workflowId, rows: run.rows, until: new Date(at + lease) }).catch(() => undefined);
  };
  const tracked = (work: Promise<unknown>): Promise<unknown> => {
    const ended = work.finally(() => open.delete(ended));
    open.add(ended);
    return ended;
  };

  /** The sweep takes the rows that have waited too long, and all of them where the process ends in an outage. */
  const startGroup = async (rows: readonly StartableMessage[]): Promise<void> => {
    const at = now();
    const own = closed && outages.failing() ? [] : rows.filter(({ sweep_at }) => sweep_at === null || sweep_at > at);
    if (own.length > 0) await begin({ workflowId: workflowIdOf(own), rows: own });
  };
  const send = async (rows: readonly StartableMessage[]): Promise<readonly undefined[]> => {
    const ended = tracked(
      startGroup(rows).finally(() => {
        queued -= rows.length;
      }),
    );
    await within(OLD_START_MS, ended, undefined);
    return rows.map(() => undefined);
  };
  const share = sharedCalls<StartableMessage, undefined>({
    send,
    atOnce: STARTS_AT_ONCE,
    most: MOST_OF_START,
    ready: () => {
      const ready = load.isLoopBusy() ? new Promise(() => {}) : load.untilNotBusy();
      return within(LONGEST_GATHERING_MS, ready, undefined);
    },
  });
  /** Scheduled messages wait in workflows of their own. */
  const startAlone = sharedCalls<StartableMessage, undefined>({ send, atOnce: STARTS_AT_ONCE, most: 1 });

  return {
    add: (row: StartableMessage): void => {
      if (closed || queued >= maxQueued) return;
      queued += 1;
      void tracked(row.due > now() ? startAlone(row) : share(row));
    },

    /** Resolves when no start waits or is under way. */
    close: async (): Promise<void> => {
      closed = true;
      while (open.size > 0) await Promise.allSettled(open);
    },
  };
}

function workflowIdOf(rows: readonly StartableMessage[]): string {
  const [first] = rows;
  return rows.length === 1 && first !== undefined ? messageWorkflowId(first._id) : messageGroupWorkflowId(randomUUID());
}
