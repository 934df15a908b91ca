import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Collection, MongoError, type UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import { sharedCalls } from '../../domain/shared-calls.js';
import { within } from '../../domain/within.js';
import type { Store } from '../mongo/connect.js';
import { sharedInsert } from '../mongo/shared-insert.js';

interface StoredResponse {
  /** Account, route and key; unique because it is the `_id`. */
  readonly _id: string;
  readonly account: number;
  readonly fingerprint: string;
  /** The current owner; settled rows keep the last one. */
  readonly token: string;
  /** Stays the same through every takeover: rows created under it are found again. */
  readonly origin: string;
  readonly state: 'in_flight' | 'stored' | 'secret';
  readonly since: Date;
  readonly expires_at: Date;
  readonly status?: number;
  readonly body?: string;
}

/** The right to process one request. */
export interface Claim {
  readonly id: string;
  readonly token: string;
  readonly origin: string;
}

export type Admission =
  | { readonly kind: 'go'; readonly claim: Claim }
  | { readonly kind: 'replay'; readonly status: number; readonly body: string }
  | { readonly kind: 'in_flight' | 'other_request' | 'secret' };

const KEPT_FOR = 24 * 3_600_000;
/** Milliseconds after which an owner counts as dead and the next request may take over. */
const CLAIM_TIMEOUT = 60_000;
/** Milliseconds that a repeat waits for work which goes on after its response, and a response for its claim. */
const LONGEST_WAIT = 5_000;
const SETTLING_WAIT = 1_000;
/** Milliseconds between attempts to settle a claim. */
const RETRY_INTERVAL = 250;

/** A claim that `admit` may grant. Its holder can give it up even if the outcome of `admit` is unknown. */
export function newClaim(account: number, route: string, key: string): Claim {
  const hash = createHash('sha256').update(JSON.stringify([account, route, key]));
  return { id: hash.digest('base64url'), token: randomUUID(), origin: randomUUID() };
}

/** Keys and responses of concurrent requests share their commands. */
export function storedResponses({ db }: Store) {
  const rows = db.collection<StoredResponse>('stored_responses');
  const insert = sharedInsert(rows);
  const settle = sharedSettling(rows);
  const outstanding = outstandingWork();

  const takeOver = async (row: StoredResponse, claim: Claim, fingerprint: string): Promise<Claim | undefined> => {
    const at = now();
    const expired = row.expires_at <= at;
    const next = fresh(expired ? claim : { ...claim, origin: row.origin }, row.account, fingerprint, at);
    const { modifiedCount } = await rows.replaceOne({ _id: row._id, token: row.token, state: row.state }, next);
    return modifiedCount === 1 ? claimOf(next) : undefined;
  };

  const judge = async (row: StoredResponse, own: Claim, fingerprint: string): Promise<Admission> => {
    const settled = row.expires_at > now() ? settledAdmission(row, fingerprint) : undefined;
    if (settled !== undefined) return settled;
    const claim = await takeOver(row, own, fingerprint);
    return claim === undefined ? { kind: 'in_flight' } : { kind: 'go', claim };
  };

  return {
    /**
     * Decides whether to process, replay or refuse, after the outstanding work of an answered request. Atomic: an insert decides;
     * a compare-and-set replaces a dead owner, and keeps its origin.
     */
    admit: async (account: number, claim: Claim, fingerprint: string): Promise<Admission> => {
      const { id } = claim;
      await outstanding.end(id);
      const fate = await insert(fresh(claim, account, fingerprint, now()));
      if (fate === 'executed') return { kind: 'go', claim };
      if (fate === 'unknown') throw new MongoError('It is not known whether the Idempotency-Key was stored');
      if (fate !== 'duplicate_key') throw fate.refused;
      const earlier = await rows.findOne({ _id: id, account });
      // Released just now: the caller may retry at once.
      return earlier === null ? { kind: 'in_flight' } : judge(earlier, claim, fingerprint);
    },

    /** Keeps the response for a day, without its body where it is shown only once. Atomic: only for the claim's owner. */
    save: async (account: number, claim: Claim, status: number, body: string | undefined): Promise<void> => {
      const answer = body === undefined ? { state: 'secret' as const } : { state: 'stored' as const, body };
      await settle({ account, claim, update: { $set: { ...answer, status } } });
    },

    /**
     * The outcome is unknown: once `work` has ended, the next identical request takes over at once under the same origin, and
     * finds the rows that were created. Tried until MongoDB executes it; resolves within a second all the same, or sooner.
     * Atomic: only for the claim's owner.
     */
    abandon: async (account: number, claim: Claim, work: Promise<unknown> = Promise.resolve()): Promise<void> => {
      const write = { account, claim, update: { $set: { since: new Date(0) } } };
      await outstanding.add(
        claim.id,
        work.catch(() => undefined).then(() => untilExecuted(() => settle(write))),
      );
    },

    /** Nothing was done: frees the key. Atomic: only for the claim's owner. */
    release: async (account: number, claim: Claim): Promise<void> => {
      await rows.deleteOne({ _id: claim.id, account, token: claim.token });
    },
  };
}

/** What this process still does for requests that were answered, by the id of their claim. */
function outstandingWork() {
  const running = new Map<string, Promise<void>>();
  return {
    /** Resolves at the end of the work, which never rejects, or after a second. */
    add: async (id: string, work: Promise<void>): Promise<void> => {
      const end = work.then(() => {
        if (running.get(id) === end) running.delete(id);
      });
      running.set(id, end);
      await within(SETTLING_WAIT, end, undefined);
    },
    /** Resolves when nothing is outstanding, or after five seconds. */
    end: async (id: string): Promise<void> => {
      const work = running.get(id);
      if (work !== undefined) await within(LONGEST_WAIT, work, undefined);
    },
  };
}

/** Never rejects: after a minute the claim counts as dead anyway. */
async function untilExecuted(write: () => Promise<void>): Promise<void> {
  for (const begun = now(); now().getTime() - begun.getTime() < CLAIM_TIMEOUT; ) {
    try {
      return await write();
    } catch {
      await delay(RETRY_INTERVAL, undefined, { ref: false });
    }
  }
}

interface Settling {
  readonly account: number;
  readonly claim: Claim;
  readonly update: UpdateFilter<StoredResponse>;
}

/** If the command fails, each of its requests is rejected: some of them may be settled. */
function sharedSettling(rows: Collection<StoredResponse>) {
  return sharedCalls<Settling, void>({
    send: async (settlings) => {
      const updates = settlings.map(({ account, claim: { id, token }, update }) => ({
        updateOne: { filter: { _id: id, account, token }, update },
      }));
      await rows.bulkWrite(updates, { ordered: false });
      return [];
    },
  });
}

/** The result of a valid row; undefined where its owner counts as dead. */
function settledAdmission(row: StoredResponse, fingerprint: string): Admission | undefined {
  if (row.fingerprint !== fingerprint) return { kind: 'other_request' };
  if (row.state === 'secret') return { kind: 'secret' };
  if (row.state === 'stored') return { kind: 'replay', status: row.status ?? 200, body: row.body ?? '' };
  return row.since.getTime() > now().getTime() - CLAIM_TIMEOUT ? { kind: 'in_flight' } : undefined;
}

function fresh({ id, token, origin }: Claim, account: number, fingerprint: string, at: Date): StoredResponse {
  const expires_at = new Date(at.getTime() + KEPT_FOR);
  return { _id: id, account, fingerprint, token, origin, state: 'in_flight', since: at, expires_at };
}

function claimOf({ _id, token, origin }: StoredResponse): Claim {
  return { id: _id, token, origin };
}
