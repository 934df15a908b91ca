import type { ClientSession, Collection } from 'mongodb';
import { monotonic } from '../../clock.js';
import { outcomeIsUnknown, untilNextAttempt } from '../mongo/conditional-writes.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import type { Message } from './row.js';

/**
 * The result of a request. `known`: the same request was accepted before, under this id. `unknown`: the outcome could not be
 * read; the request is accepted under this id or never.
 */
export type Acceptance =
  | { readonly kind: 'accepted' | 'known' | 'unknown'; readonly id: string }
  | { readonly kind: 'key_reused' };

const ACCEPT_TIMEOUT = 8_000;

/** Inserts the rows of one request together or not at all (docs/architecture/protocol.md "Messages"). */
export function messageAcceptance(store: Store) {
  const rows = majorityCollection<Message>(store, 'messages');
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
        try {
          return await insertOnce(store, rows, group, primary);
        } catch (error) {
          if (!mayTryAgain(error)) throw error;
          if (monotonic() - begun >= timeout) return { kind: 'unknown', id: primary._id };
          await untilNextAttempt();
        }
      }
    },
  };
}

async function insertOnce(
  store: Store,
  rows: Collection<Message>,
  group: readonly Message[],
  primary: Message,
): Promise<Acceptance> {
  try {
    if (group.length === 1) await rows.insertOne(primary);
    else await inOneTransaction(store, (session) => rows.insertMany([...group], { session }));
    return { kind: 'accepted', id: primary._id };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const earlier = await earlierThan(rows, primary);
    // The concurrent request has not committed yet, or was rolled back: the next try shows which.
    if (earlier === null) throw new Unsettled();
    return outcomeOf(earlier, primary);
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

class Unsettled extends Error {
  override readonly name = 'Unsettled';
}

function mayTryAgain(error: unknown): boolean {
  return error instanceof Unsettled || outcomeIsUnknown(error) || isTransient(error);
}

/** A conflict of two concurrent transactions: one of them must be repeated. */
function isTransient(error: unknown): boolean {
  return error instanceof Error && 'hasErrorLabel' in error && labelled(error as Labelled);
}

type Labelled = Error & { hasErrorLabel(label: string): boolean };

function labelled(error: Labelled): boolean {
  return error.hasErrorLabel('TransientTransactionError') || error.hasErrorLabel('UnknownTransactionCommitResult');
}
