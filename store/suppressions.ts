import { createHash } from 'node:crypto';
import { now } from '../clock.js';
import type { Store } from './connect.js';

export type SuppressionReason = 'bounce' | 'complaint' | 'manual' | 'erased';

/** An address that must not be mailed, whatever any list says. */
export interface Suppression {
  /** Account and hash of the address: it can be asked for, and survives when the address itself is forgotten. */
  readonly _id: string;
  readonly account: number;
  /** Absent once the person was erased. */
  readonly email_key?: string;
  readonly reason: SuppressionReason;
  /** What proves it: a reply with addresses scrubbed, a report's id, who asked. */
  readonly evidence: string | null;
  readonly created_at: Date;
}

export type Suppressions = ReturnType<typeof suppressions>;

/** The `_id` of an address: SHA-256 over account and identity. */
export function suppressionId(account: number, emailKey: string): string {
  return createHash('sha256').update(`${account}:${emailKey}`).digest('base64url');
}

export function suppressions({ db }: Store) {
  const rows = db.collection<Suppression>('suppressions');
  return {
    /** Suppresses an address; the first reason stays. Atomic: one upsert. */
    add: async (
      account: number,
      emailKey: string,
      reason: SuppressionReason,
      evidence: string | null,
    ): Promise<'added' | 'known'> => {
      const { upsertedCount } = await rows.updateOne(
        { _id: suppressionId(account, emailKey) },
        {
          $setOnInsert: {
            account,
            ...(reason !== 'erased' && { email_key: emailKey }),
            reason,
            evidence,
            created_at: now(),
          },
        },
        { upsert: true },
      );
      return upsertedCount === 1 ? 'added' : 'known';
    },

    /** Forgets who it was, not that nobody may write there. Atomic: one update. */
    forget: async (account: number, emailKey: string): Promise<void> => {
      await rows.updateOne({ _id: suppressionId(account, emailKey), account }, { $unset: { email_key: 1 } });
    },

    /** Those of the addresses that must not be mailed. One read; as old as its answer. */
    among: async (account: number, emailKeys: readonly string[]): Promise<Set<string>> => {
      if (emailKeys.length === 0) return new Set();
      const byId = new Map(emailKeys.map((key) => [suppressionId(account, key), key]));
      const hits = await rows.find({ _id: { $in: [...byId.keys()] }, account }, { projection: { _id: 1 } }).toArray();
      return new Set(hits.flatMap(({ _id }) => byId.get(_id) ?? []));
    },
  };
}

/** An erased person who gave their address again is known by it again, so that lists can be counted. Atomic per row. */
export async function recallErased({ db }: Store, account: number, emailKeys: readonly string[]): Promise<void> {
  if (emailKeys.length === 0) return;
  const rows = db.collection<Suppression>('suppressions');
  const byId = new Map(emailKeys.map((key) => [suppressionId(account, key), key]));
  const nameless = { _id: { $in: [...byId.keys()] }, account, email_key: { $exists: false } };
  for await (const { _id } of rows.find(nameless)) {
    const email_key = byId.get(_id);
    if (email_key !== undefined) await rows.updateOne({ _id, account }, { $set: { email_key } });
  }
}

const KEYS_AT_ONCE = 1_000;

/** Every suppressed address of an account whose name is still known, some at a time. */
export async function* suppressedKeys({ db }: Store, account: number): AsyncGenerator<string[]> {
  const rows = db.collection<Suppression>('suppressions');
  let keys: string[] = [];
  for await (const { email_key } of rows.find({ account, email_key: { $exists: true } })) {
    if (email_key !== undefined) keys.push(email_key);
    if (keys.length < KEYS_AT_ONCE) continue;
    yield keys;
    keys = [];
  }
  if (keys.length > 0) yield keys;
}
