import type { Document } from 'mongodb';
import {
  type MessagePublishingDeps,
  messagePublisher,
  type PublishMessage,
} from '../../../activities/message/publishing.js';
import { events } from '../../../store/events/events.js';
import { messages } from '../../../store/messages/messages.js';
import { type MessageProgress, messageProgress } from '../../../store/messages/progress.js';
import type { Message } from '../../../store/messages/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import type { FastStore } from '../fast-store.js';
import { WRONG_LEASE } from '../message/model.js';
import {
  type Connection,
  type Fault,
  type Mutation,
  type ReadFault,
  type Underway,
  unreliableStore,
} from '../network.js';
import type { Reply } from '../receiver.js';

const FAIR_LEASE = 3_600_000;

/** What processes share. */
export interface ProcessContext {
  readonly store: FastStore;
  readonly mutation: Mutation;
  readonly underway: Underway;
  /** The first version of a row, which a stale read may still see. */
  readonly earlier: (id: string) => Message | null;
  /** The first broken invariant, or defect, in an operation. */
  failure: unknown;
}

/** A message that a process claims or owns. */
export interface Holding {
  /** As read before the claim. */
  readonly row: Message;
  readonly token: string;
  state: 'claiming' | 'owning' | 'lost' | 'settling';
  /** The result of the mail; `open` until it is known, undefined before it is handed over. */
  known: Reply | 'open' | undefined;
}

/** Claims and renewals share commands, so do outcomes; the other writes travel alone. */
export type LineName = 'claiming' | 'settling' | 'alone';

interface Line {
  readonly unfinished: Set<Promise<void>>;
  readonly parked: (() => void)[];
}

/** A process that works on several messages over one connection that may fail. */
export interface Process {
  readonly connection: Connection;
  readonly faults: Fault[];
  readonly readFaults: ReadFault[];
  /** One instance, as in a process: its concurrent writes travel together. */
  readonly progress: MessageProgress;
  /** Takes every claim for abandoned, also that of a live owner. */
  readonly hasty: MessageProgress;
  readonly publish: PublishMessage;
  readonly holdings: Map<string, Holding>;
  readonly lines: Readonly<Record<LineName, Line>>;
  isAlive: boolean;
  onChange: (() => void) | undefined;
}

export function aProcess(context: ProcessContext): Process {
  const lines = { claiming: aLine(), settling: aLine(), alone: aLine() };
  const [faults, readFaults]: [Fault[], ReadFault[]] = [[], []];
  const connection: Connection = {
    faults,
    reads: { faults: readFaults, earlier: context.earlier },
    park: (method, args) =>
      new Promise((resume) => {
        lines[lineOf(method, args)].parked.push(resume);
        process.onChange?.();
      }),
  };
  const unreliable = unreliableStore(context.store, connection, context.underway, context.mutation);
  const progress = messageProgress(unreliable, FAIR_LEASE);
  const process: Process = {
    connection,
    faults,
    readFaults,
    progress,
    hasty: messageProgress(unreliable, WRONG_LEASE),
    publish: publisherOf(context, unreliable, progress),
    holdings: new Map(),
    lines,
    isAlive: true,
    onChange: undefined,
  };
  return process;
}

function aLine(): Line {
  return { unfinished: new Set(), parked: [] };
}

function lineOf(method: string, [first, second]: readonly unknown[]): LineName {
  const [one] = method === 'bulkWrite' ? (first as readonly Document[]) : [{ updateOne: { update: second } }];
  const update = (one?.['updateOne']?.update ?? {}) as Document;
  if (method === 'findOneAndUpdate') return 'alone';
  if (update['$push'] !== undefined) return 'settling';
  return update['$currentDate']?.seen === true ? 'claiming' : 'alone';
}

/** The publisher of the product; also its appends may fail. */
function publisherOf(
  { store, mutation }: ProcessContext,
  unreliable: Store,
  messageProgress: MessageProgress,
): PublishMessage {
  const log = events({ ...unreliable, db: unreliable.ledger });
  const { endSweep } = messages(unreliable);
  const deps: MessagePublishingDeps = {
    events: log,
    messages: { endSweep },
    messageProgress,
    subscribers: subscribers(store),
    suppressions: suppressions(store),
  };
  if (mutation.endsSweepEarly !== true) return messagePublisher(deps);
  return async (row) => {
    const append: typeof log.append = async (...args) => {
      await endSweep(row);
      await log.append(...args);
    };
    await messagePublisher({ ...deps, events: { ...log, append } })(row);
  };
}

/** Begins operations in one turn, so that their writes share a command; waits until each has ended or is blocked. */
export async function begin(
  context: ProcessContext,
  process: Process,
  name: LineName,
  works: readonly (() => Promise<void>)[],
): Promise<void> {
  const { unfinished } = process.lines[name];
  for (const work of works) {
    const ended: Promise<void> = work()
      .catch((error: unknown) => {
        context.failure ??= error;
      })
      .then(() => {
        unfinished.delete(ended);
        process.onChange?.();
      });
    unfinished.add(ended);
  }
  await untilQuiet(process);
}

/** Lets the writes go on that hang. */
export async function resumeAll(process: Process): Promise<void> {
  for (const { parked } of Object.values(process.lines)) for (const resume of parked.splice(0)) resume();
  await untilQuiet(process);
}

export function isParked({ lines }: Process): boolean {
  return Object.values(lines).some(({ parked }) => parked.length > 0);
}

/** A write that hangs blocks those behind it in its line. */
async function untilQuiet(process: Process): Promise<void> {
  const lines = Object.values(process.lines);
  while (!lines.every(({ unfinished, parked }) => unfinished.size === 0 || parked.length > 0)) {
    await new Promise<void>((resolve) => {
      process.onChange = resolve;
    });
  }
}
