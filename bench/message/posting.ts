import { randomUUID } from 'node:crypto';
import type { ClockedSink } from '../receiver/sink.js';
import { type Figures, quantile } from '../report/rounds.js';
import { arrivalsOf } from './arrivals.js';
import type { Caller, CallingOrder } from './caller.js';
import { commandFigures, commandsBetween, sumOf } from './commands.js';
import { type Installation, type PerProgram, together } from './installation.js';

/** An installation, its callers and its receiver. */
export interface Setup {
  readonly installation: Installation;
  readonly caller: Caller;
  readonly sink: ClockedSink;
}

/** Messages with the moments of each: requested, answered, arrived; milliseconds of the machine's clock. */
export interface Posted {
  readonly requestedAt: readonly number[];
  readonly answeredAt: readonly number[];
  readonly arrivedAt: readonly number[];
  /** CPU milliseconds of the calling process. */
  readonly callerCpu: number;
}

export type Load = Pick<CallingOrder, 'messages' | 'inFlight' | 'perSecond'>;

/** Posts messages, with new keys unless some are given, and waits until each has arrived. */
export async function posted(
  { installation: { address, keysFor }, caller, sink }: Setup,
  load: Load,
  given?: readonly string[],
): Promise<Posted> {
  const [keys, prefix, from] = [given ?? (await keysFor(load.messages)), randomUUID(), await sink.count()];
  const { requestedAt, answeredAt, cpu } = await caller.run({ address, keys, prefix, ...load });
  return { requestedAt, answeredAt, arrivedAt: await arrivalsOf(sink, from, prefix, load.messages), callerCpu: cpu };
}

export const BURST = {
  accepted: 'accepted/s',
  p50: 'accept p50 ms',
  p99: 'accept p99 ms',
  arrived: 'at the mail server/s',
  cpu: 'CPU ms per message',
  commands: 'MongoDB commands per message',
} as const;

/** A burst, with the work that it leaves behind. */
export async function burst(setup: Setup, load: Load): Promise<Figures> {
  const { installation, sink } = setup;
  const { messages } = load;
  await installation.calm();
  const [cpu, commands, sinkCpu] = [installation.cpu(), await installation.commands(), sink.cpu()];
  const run = await posted(setup, load);
  await installation.calm();
  const [after, used] = [installation.cpu(), commandsBetween(commands, await installation.commands())];
  const waits = between(run.requestedAt, run.answeredAt);
  const begun = first(run.requestedAt);
  const each = (name: keyof PerProgram) => (after[name] - cpu[name]) / messages;
  return {
    [BURST.accepted]: (messages * 1_000) / (last(run.answeredAt) - begun),
    [BURST.p50]: quantile(waits, 0.5) ?? Number.NaN,
    [BURST.p99]: quantile(waits, 0.99) ?? Number.NaN,
    [BURST.arrived]: (messages * 1_000) / (last(run.arrivedAt) - begun),
    [BURST.cpu]: (together(after) - together(cpu)) / messages,
    [BURST.commands]: sumOf(used) / messages,
    ...{ Everpost: each('Everpost'), mongod: each('mongod'), Temporal: each('Temporal') },
    ...{ callers: run.callerCpu / messages, receiver: (sink.cpu() - sinkCpu) / messages },
    ...commandFigures(used, messages),
  };
}

/** Each message is posted once the one before it has arrived. */
export async function oneAtATime(setup: Setup, messages: number): Promise<Figures> {
  const [accept, toSmtp]: [number[], number[]] = [[], []];
  const keys = await setup.installation.keysFor(messages);
  await setup.installation.calm();
  for (let n = 0; n < messages; n += 1) {
    const { requestedAt, answeredAt, arrivedAt } = await posted(setup, { messages: 1, inFlight: 1 }, keys);
    accept.push(...between(requestedAt, answeredAt));
    toSmtp.push(...between(answeredAt, arrivedAt));
  }
  return { ...twoQuantiles('accept', accept), ...twoQuantiles('then to SMTP', toSmtp) };
}

/** Callers who post their next message after an answer. */
export async function manyCallers(setup: Setup, load: Load): Promise<Figures> {
  await setup.installation.calm();
  const { requestedAt, answeredAt, arrivedAt } = await posted(setup, load);
  return {
    'longest answer ms': last(between(requestedAt, answeredAt)),
    'until the last has arrived s': (last(arrivedAt) - first(requestedAt)) / 1_000,
  };
}

export function twoQuantiles(name: string, values: readonly number[]): Figures {
  const of = (share: number) => quantile(values, share) ?? Number.NaN;
  return { [`${name} p50 ms`]: of(0.5), [`${name} p99 ms`]: of(0.99) };
}

export function between(from: readonly number[], to: readonly number[]): readonly number[] {
  return to.map((moment, n) => moment - (from[n] ?? Number.NaN));
}

/** Spreading thousands of values into `Math.min` may exceed the stack. */
function first(moments: readonly number[]): number {
  return moments.reduce((least, moment) => Math.min(least, moment), Number.POSITIVE_INFINITY);
}

export function last(moments: readonly number[]): number {
  return moments.reduce((most, moment) => Math.max(most, moment), Number.NEGATIVE_INFINITY);
}
