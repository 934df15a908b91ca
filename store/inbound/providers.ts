import { createHash, randomBytes } from 'node:crypto';
import { now } from '../../clock.js';
import type { ProviderName, ProviderSettings } from '../../domain/provider/settings.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { insertOnce } from '../mongo/duplicate-key.js';
import { type Sealed, sealing } from '../secrets/sealing.js';

/** An account's settings for an email provider. */
export interface ProviderHook {
  /** `<account>:<name>` */
  readonly _id: string;
  readonly account: number;
  readonly name: ProviderName;
  /** SHA-256 of the secret in the URL; finds the webhook. */
  readonly hook_hash: string;
  readonly hook: Sealed;
  /** As JSON. */
  readonly settings: Sealed;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A token of a signature that does not cover the content: it is valid for one event. */
interface SpentToken {
  readonly _id: string;
  readonly account: number;
  readonly event: string;
  readonly at: Date;
}

export type OpenedHook = ProviderSettings & { readonly hook: string };

/** Purpose of the seals. */
const SEALED_AS = 'providers';

export type Providers = ReturnType<typeof providers>;

export function providers(store: Store, secret: string) {
  const rows = majorityCollection<ProviderHook>(store, 'providers');
  const tokens = majorityCollection<SpentToken>(store, 'provider_tokens');
  const { seal, open } = sealing(secret, SEALED_AS);
  const opened = ({ settings, hook }: Pick<ProviderHook, 'settings' | 'hook'>): OpenedHook => ({
    ...JSON.parse(open(settings).toString()),
    hook: open(hook).toString(),
  });
  const find = (account: number, name: ProviderName) => rows.findOne({ _id: `${account}:${name}`, account });

  return {
    find,

    ofAccount: (account: number): Promise<ProviderHook[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    /** The webhook with this secret in its URL. */
    findByHook: (name: ProviderName, hook: string): Promise<ProviderHook | null> =>
      rows.findOne({ hook_hash: digest(hook), name }),

    /** The settings and the secret of the URL. Throws if they were sealed with another secret. */
    opened,

    /** Creates or replaces the settings; the URL stays. Atomic: one upsert. */
    set: async (account: number, name: ProviderName, settings: ProviderSettings): Promise<ProviderHook> => {
      const hook = randomBytes(24).toString('base64url');
      const fresh = { account, name, hook_hash: digest(hook), hook: seal(Buffer.from(hook)), created_at: now() };
      const row = await rows.findOneAndUpdate(
        { _id: `${account}:${name}` },
        { $set: { settings: seal(Buffer.from(JSON.stringify(settings))), updated_at: now() }, $setOnInsert: fresh },
        { upsert: true, returnDocument: 'after' },
      );
      if (row === null) throw new Error('The provider could not be set up');
      return row;
    },

    /** Atomic: one delete; its URL is unknown from then on. */
    remove: async (account: number, name: ProviderName): Promise<boolean> =>
      (await rows.deleteOne({ _id: `${account}:${name}`, account })).deletedCount === 1,

    /** Spends a token on an event; `spent` if another event has spent it. Atomic: one insert, the first stays. */
    spend: async (account: number, token: string, event: string): Promise<'good' | 'spent'> => {
      const _id = digest(`${account}\n${token}`);
      if ((await insertOnce(tokens, { _id, account, event, at: now() })) === 'inserted') return 'good';
      const known = await tokens.findOne({ _id, account });
      return known === null || known.event === event ? 'good' : 'spent';
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
