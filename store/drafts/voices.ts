import { createHash } from 'node:crypto';
import { now } from '../../clock.js';
import { NO_VOICE, type Voice } from '../../domain/brand/voice.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';

/** One version of an account's brand voice. A version never changes, so that the voice of each draft stays known. */
export interface StoredVoice extends Voice {
  /** Account and version. */
  readonly _id: string;
  readonly account: number;
  readonly version: number;
  /** SHA-256 of the voice. */
  readonly hash: string;
  readonly created_at: Date;
}

/** The current voice; version 0 is the default of an account that has set none. */
export type CurrentVoice = Voice & Pick<StoredVoice, 'version' | 'hash'> & { readonly created_at: Date | null };

export type Voices = ReturnType<typeof voices>;

export function voices({ db }: Store) {
  const rows = db.collection<StoredVoice>('voices');

  const current = async (account: number): Promise<CurrentVoice> => {
    const row = await rows.findOne({ account }, { sort: { version: -1 } });
    return row ?? { ...NO_VOICE, version: 0, hash: hashOf(NO_VOICE), created_at: null };
  };

  return {
    current,

    /** Adds a version, unless the voice is equal to the current one. Atomic: one insert; two concurrent calls add two. */
    set: async (account: number, voice: Voice): Promise<CurrentVoice> => {
      const hash = hashOf(voice);
      for (;;) {
        const before = await current(account);
        if (before.hash === hash) return before;
        const version = before.version + 1;
        const row = { ...voice, _id: `${account}:${version}`, account, version, hash, created_at: now() };
        try {
          await rows.insertOne(row);
          return row;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
    },
  };
}

function hashOf({ audience, tone, banned_words, locale, samples, link_policy, links, signature }: Voice): string {
  const texts = [audience, tone.description, tone.do, tone.dont, banned_words, locale, samples, link_policy];
  const linked = links.map(({ label, url }) => [label, url]);
  return createHash('sha256')
    .update(JSON.stringify([...texts, linked, signature]))
    .digest('hex');
}
