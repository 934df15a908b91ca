import { randomBytes } from 'node:crypto';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { type Sealed, sealing } from './sealing.js';

/** A key for the tokens in public links; each token names its key by `kid`, so that old links stay valid after a rotation. */
export interface LinkKey {
  readonly kid: number;
  /** 32 bytes. */
  readonly key: Buffer;
  /** The newest key signs; all of them verify. */
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

/** The only secrets of the installation; they belong to no account because a link names its account itself. */
export function linkKeyRing({ db }: Pick<Store, 'db'>, secret: string) {
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

  const opens = ({ sealed }: SealedKey): boolean => {
    try {
      seals.open(sealed);
      return true;
    } catch {
      return false;
    }
  };

  const sealedKeys = () => rows.find().sort({ kid: -1 }).toArray();

  const read = async (): Promise<LinkKey[]> => {
    const kept = await sealedKeys();
    return kept.map(({ kid, sealed }, index) => ({ kid, key: seals.open(sealed), current: index === 0 }));
  };

  const ensureFirst = async (): Promise<void> => {
    if ((await rows.countDocuments({}, { limit: 1 })) === 0) await add(FIRST_KID);
  };

  const ring = async (): Promise<readonly LinkKey[]> => {
    await ensureFirst();
    return read();
  };

  const secretFits = async (): Promise<boolean> => (await sealedKeys()).every(opens);

  return {
    /** The keys of public links; creates the first one if missing. Atomic: an insert on a fixed id, which one process wins. */
    ring,

    /** Whether this secret sealed the stored keys; true while there is none. */
    secretFits,

    /** The same, but creates the first key if missing. Atomic: of processes with different secrets one inserts it. */
    claimSecret: async (): Promise<boolean> => {
      await ensureFirst();
      return secretFits();
    },

    /** New links are signed with a new key from now on. Atomic: one insert; two concurrent calls create one key. */
    renew: async (): Promise<readonly LinkKey[]> => {
      const [newest] = await ring();
      await add((newest?.kid ?? 0) + 1);
      return ring();
    },
  };
}
