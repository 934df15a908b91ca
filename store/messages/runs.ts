import type { Collection, Filter } from 'mongodb';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { Message } from './row.js';

/** A row as it was read: a later check of the sweep, or an attempt, has moved its `sweep_at`. */
type ReadRow = Pick<Message, '_id' | 'sweep_at'>;

/** A workflow that was started for these rows. */
export interface StartedRun {
  readonly run: string;
  readonly rows: readonly ReadRow[];
  /** The sweep leaves them alone until then. */
  readonly until: Date;
}

/** The workflow that carries a message: its row names it, so that the sweep can ask Temporal for it. */
export function messageRuns(rows: Collection<Message>) {
  return {
    /** Writes acknowledged starts into rows that are still as they were inserted: one command, atomic for each row. */
    recordRuns: async (started: readonly StartedRun[]): Promise<void> => {
      const writes = started.map(({ run, until, rows: of }) => {
        const update = { $set: { run, sweep_at: until } };
        return { updateMany: { filter: unchanged(of), update, hint: BY_ID } };
      });
      await rows.bulkWrite(writes, { ordered: false });
    },

    /**
     * Gives rows to a run before it starts, or takes them back (null). Returns the ids of those that were unchanged.
     * Atomic for each row.
     */
    assignRun: async (run: string | null, of: readonly ReadRow[], until: Date): Promise<ReadonlySet<string>> => {
      const ids = of.map(({ _id }) => _id);
      const update = { $set: { run, sweep_at: until } };
      const { matchedCount } = await rows.updateMany(unchanged(of), update, { hint: BY_ID });
      if (matchedCount === of.length) return new Set(ids);
      const own = await rows.find({ _id: { $in: ids }, run, sweep_at: until }, { projection: { _id: 1 } }).toArray();
      return new Set(own.map(({ _id }) => _id));
    },

    /** Checks rows of an open run again at `until`, and remembers their attempts. Atomic for each row. */
    recordOpenRun: async (of: readonly ReadRow[], until: Date): Promise<void> => {
      const update = [{ $set: { sweep_at: until, attempt_when_open: '$attempt' } }];
      await rows.updateMany(unchanged(of), update, { hint: BY_ID });
    },

    /** What the Temporal UI shows of these messages. */
    shownOf: async (ids: readonly string[]): Promise<ReadonlyMap<string, Pick<Message, 'tags' | 'template'>>> => {
      const projection = { tags: 1, template: 1 };
      const found = await rows.find({ _id: { $in: [...ids] } }, { projection }).toArray();
      return new Map(found.map(({ _id, tags, template }) => [_id, { tags, ...(template && { template }) }]));
    },

    /** Names the workflows that messages got of their own: one command, atomic for each row. */
    nameRuns: async (named: readonly { readonly message: string; readonly run: string }[]): Promise<void> => {
      const writes = named.map(({ message: _id, run }) => ({
        updateOne: { filter: { _id, state: NOT_FINAL }, update: { $set: { run } } },
      }));
      await rows.bulkWrite(writes, { ordered: false });
    },
  };
}

const NOT_FINAL = { $nin: [...FINAL_STATES] };
const BY_ID = { _id: 1 } as const;

function unchanged(of: readonly ReadRow[]): Filter<Message> {
  const times = new Set(of.map(({ sweep_at }) => sweep_at?.getTime() ?? 0));
  const sweep_at = { $in: [...times].map((time) => new Date(time)) };
  return { _id: { $in: of.map(({ _id }) => _id) }, sweep_at, state: NOT_FINAL };
}
