import { type Collection, type Db, type Document, MongoNetworkError, ReadConcern } from 'mongodb';
import type { Store } from '../../store/connect.js';

/**
 * What the network does to one write: `drop` loses it, `deaf` applies it and loses the answer, `late` loses the answer
 * and applies it at any later time, `twice` answers and applies it once more at any later time, `hang` keeps everybody
 * waiting until the line is resumed.
 */
export type Fault = 'ok' | 'drop' | 'deaf' | 'late' | 'twice' | 'hang';

/** One party's line to MongoDB. */
export interface Line {
  /** What happens to its next writes; an empty list is a good line. */
  readonly faults: Fault[];
  /** The operation that waits for its answer. */
  operation?: Promise<void>;
  parked?: () => void;
  onPark?: () => void;
}

/** Writes that are still under way although nobody waits for them. */
export type Underway = (() => Promise<unknown>)[];

/** How a mutant of the protocol bends a write before it is sent, and what it makes of the outcome. */
export interface Bend {
  readonly write?: (method: string, args: readonly unknown[]) => readonly unknown[];
  readonly believesUnknown?: boolean;
  readonly ignoresNoMatch?: boolean;
  readonly handsOverEarly?: boolean;
  readonly tellsEarly?: boolean;
}

const WRITES = new Set(['updateOne', 'updateMany', 'findOneAndUpdate', 'insertOne']);

/** Durability is not under test here and costs a disk flush for each write; on one server a local read sees all writes. */
const QUICK = { writeConcern: { w: 1, journal: false }, readConcern: new ReadConcern('local') } as const;

/** The store on a line that never fails. */
export function quick(store: Store): Store {
  return { ...store, ledger: { collection: (name: string) => store.ledger.collection(name, QUICK) } as unknown as Db };
}

/** The same store over a line that may fail. Only the ledger's client is concerned: events repeat themselves anyway. */
export function over(store: Store, line: Line, underway: Underway, bend: Bend = {}): Store {
  const collection = (name: string) => unreliable(store.ledger.collection(name), line, underway, bend);
  return { ...store, ledger: { collection } as unknown as Db };
}

function unreliable(collection: Collection, line: Line, underway: Underway, bend: Bend): Collection {
  const believes = (name: string) => bend.believesUnknown === true && name === 'updateOne';
  return new Proxy(collection, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      if (typeof name !== 'string' || !WRITES.has(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        const bent = bend.write?.(name, args) ?? args;
        return judged(bend, await sent(() => method.apply(target, [...bent]), line, underway, believes(name)));
      };
    },
  });
}

async function sent(
  write: () => Promise<unknown>,
  line: Line,
  underway: Underway,
  believed: boolean,
): Promise<unknown> {
  const lost = () => {
    if (believed) return { matchedCount: 1 };
    throw new MongoNetworkError('the answer was lost');
  };
  const fault = line.faults.shift() ?? 'ok';
  if (fault === 'drop') return lost();
  if (fault === 'late') {
    underway.push(write);
    return lost();
  }
  if (fault === 'hang') {
    await new Promise<void>((resume) => {
      line.parked = resume;
      line.onPark?.();
    });
  }
  const answer = await write();
  if (fault === 'twice') underway.push(write);
  return fault === 'deaf' ? lost() : answer;
}

function judged({ ignoresNoMatch = false }: Bend, answer: unknown): unknown {
  return ignoresNoMatch && (answer as Document | null)?.['matchedCount'] === 0 ? { matchedCount: 1 } : answer;
}

/** Starts an operation on the line and waits until it has its answer or hangs. */
export function issue(line: Line, start: () => Promise<void>): Promise<void> {
  return untilAnsweredOrParked(line, () => {
    line.operation = start();
  });
}

/** Lets a hanging operation go on. */
export function resume(line: Line): Promise<void> {
  return untilAnsweredOrParked(line, () => {
    const goOn = line.parked;
    delete line.parked;
    goOn?.();
  });
}

async function untilAnsweredOrParked(line: Line, go: () => void): Promise<void> {
  const parked = new Promise<true>((resolve) => {
    line.onPark = () => resolve(true);
  });
  go();
  const hangs = await Promise.race([line.operation?.then(() => false), parked]);
  if (hangs !== true) delete line.operation;
}
