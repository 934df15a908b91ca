import type { ClientSession, Collection } from 'mongodb';
import { monotonic } from '../../clock.js';
import type { WriteFate } from '../mongo/bulk-fates.js';
import { untilNextAttempt } from '../mongo/conditional-writes.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { sharedInsert } from '../mongo/shared-insert.js';
import { outcomeIsUnknown } from '../mongo/unknown-outcome.js';
import type { Message } from './row.js';

/**
 * The result of a request. `known`: the same request was accepted before, under this id. `unknown`: the outcome could not be
 * read; the request is accepted under this id or never.
 */
export type Acceptance =
  | { readonly kind: 'accepted' | 'known' | 'unknown'; readonly id: string }
  | { readonly kind: 'key_reused' };

const ACCEPT_TIMEOUT = 8_000;

/**
 * Inserts the rows of one request together or not at all (docs/architecture/protocol.md "Messages"). Concurrent requests of
 * one row share an insert; each is answered by the fate of its own row.
 */
export function messageAcceptance(store: Store) {
  const rows = majorityCollection<Message>(store, 'messages');
  const insertRow = sharedInsert(rows);
  const insertGroup = (group: readonly Message[]) =>
    inOneTransaction(store, (session) => rows.insertMany([...group], { session })).then(
      () => 'executed' as const,
      fateOf,
    );
  return {
    /**
     * The first row is the primary one and alone may have a `key`. After a lost answer the same ids are inserted again, for
     * `timeout` milliseconds.
     */
    accept: async (group: readonly Message[], timeout = ACCEPT_TIMEOUT): Promise<Acceptance> => {
      const [primary] = group;
      if (primary === undefined) throw new Error('A request without a recipient cannot be accepted');
      const begun = monotonic();
      for (;;) {
        const fate = group.length === 1 ? await insertRow(primary) : await insertGroup(group);
        const outcome = await acceptanceOf(rows, fate, primary);
        if (outcome !== undefined) return outcome;
        if (monotonic() - begun >= timeout) return { kind: 'unknown', id: primary._id };
        await untilNextAttempt();
      }
    },
  };
}

/** Undefined: unknown, so that the rows must be inserted again. */
async function acceptanceOf(
  rows: Collection<Message>,
  fate: WriteFate,
  primary: Message,
): Promise<Acceptance | undefined> {
  if (fate === 'executed') return { kind: 'accepted', id: primary._id };
  if (fate === 'unknown') return undefined;
  if (fate !== 'duplicate_key') throw fate.refused;
  try {
    const earlier = await earlierThan(rows, primary);
    // The concurrent request has not committed yet, or was rolled back: the next insert shows which.
    return earlier === null ? undefined : outcomeOf(earlier, primary);
  } catch (error) {
    if (outcomeIsUnknown(error)) return undefined;
    throw error;
  }
}

function outcomeOf(earlier: Message, primary: Message): Acceptance {
  if (earlier._id === primary._id) return { kind: 'accepted', id: primary._id };
  return earlier.hash === primary.hash ? { kind: 'known', id: earlier._id } : { kind: 'key_reused' };
}

async function earlierThan(rows: Collection<Message>, { _id, account, key }: Message): Promise<Message | null> {
  const own = await rows.findOne({ _id });
  if (own !== null || key === undefined) return own;
  return rows.findOne({ account, key });
}

/** The driver retries the commit once; if the outcome is still unknown, the caller looks it up. */
async function inOneTransaction(store: Store, work: (session: ClientSession) => Promise<unknown>): Promise<void> {
  await store.ledger.client.withSession(async (session) => {
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } });
    try {
      await work(session);
      await session.commitTransaction();
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
      throw error;
    }
  });
}

function fateOf(error: unknown): WriteFate {
  if (isDuplicateKey(error)) return 'duplicate_key';
  return outcomeIsUnknown(error) || isTransient(error) ? 'unknown' : { refused: error };
}

/** A conflict of two concurrent transactions: one of them must be repeated. */
function isTransient(error: unknown): boolean {
  return error instanceof Error && 'hasErrorLabel' in error && labelled(error as Labelled);
}

type Labelled = Error & { hasErrorLabel(label: string): boolean };

function labelled(error: Labelled): boolean {
  return error.hasErrorLabel('TransientTransactionError') || error.hasErrorLabel('UnknownTransactionCommitResult');
}
