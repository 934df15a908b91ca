import { randomBytes } from 'node:crypto';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { type Sealed, sealing } from './sealing.js';

/** A key for the tokens in public links; `kid` names it inside each token, so that old links outlive a new key. */
export interface LinkKey {
  readonly kid: number;
  /** 32 bytes. */
  readonly key: Buffer;
  /** The newest one signs; all of them read. */
  readonly current: boolean;
}

interface SealedKey {
  readonly _id: string;
  readonly kid: number;
  readonly sealed: Sealed;
  readonly created_at: Date;
}

export type LinkKeyRing = ReturnType<typeof linkKeyRing>;

const FIRST_KID = 1;

/** The only secrets of the house as a whole; they belong to no account because a link names its account itself. */
export function linkKeyRing({ db }: Store, secret: string) {
  const rows = db.collection<SealedKey>('secrets');
  const seals = sealing(secret, 'links');

  const add = async (kid: number): Promise<void> => {
    const row = { _id: `link:${kid}`, kid, sealed: seals.seal(randomBytes(32)), created_at: now() };
    try {
      await rows.insertOne(row);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  };

  const read = async (): Promise<LinkKey[]> => {
    const kept = await rows.find().sort({ kid: -1 }).toArray();
    return kept.map(({ kid, sealed }, index) => ({ kid, key: seals.open(sealed), current: index === 0 }));
  };

  const ring = async (): Promise<readonly LinkKey[]> => {
    if ((await rows.countDocuments({}, { limit: 1 })) === 0) await add(FIRST_KID);
    return read();
  };

  return {
    /** The keys of public links, the first made here if need be. Atomic: an insert on a fixed id, one of many wins. */
    ring,

    /** From now on new links are signed with a new key. Atomic: one insert; two at once make one key. */
    renew: async (): Promise<readonly LinkKey[]> => {
      const [newest] = await ring();
      await add((newest?.kid ?? 0) + 1);
      return ring();
    },
  };
}
