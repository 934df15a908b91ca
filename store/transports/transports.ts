import { now } from '../../clock.js';
import type { TransportPurpose } from '../../domain/transport.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addOnce } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';
import { type Sealed, sealing } from '../secrets/sealing.js';

/** An account's own SMTP server, its rate and the kind of mail that it carries. */
export interface StoredTransport {
  readonly _id: number;
  readonly account: number;
  readonly name: string;
  /** The whole SMTP URL, sealed; only `shown` is readable. */
  readonly url: Sealed;
  /** The URL with `***` in place of the password. */
  readonly shown: string;
  readonly rate_per_second: number | null;
  /** Sockets of one worker process. */
  readonly connections: number;
  /** The lowest is tried first. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly purpose: TransportPurpose;
  /** Counts the changes that require new connections. */
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The Idempotency-Key's claim that created the transport, so that a repeat after a crash finds it. */
  readonly origin?: string;
}

type Settings = Pick<StoredTransport, 'name' | 'rate_per_second' | 'connections' | 'priority' | 'enabled' | 'purpose'>;

export type NewTransport = Settings & { readonly url: string };

export type TransportFields = { readonly [Field in keyof NewTransport]?: NewTransport[Field] | undefined };

/** Purpose of the seals. */
export const SEALED_AS = 'transports';

export function transports(store: Store, secret: string) {
  const rows = store.db.collection<StoredTransport>('transports');
  const ids = counters(store);
  const { seal, open } = sealing(secret, SEALED_AS);
  const sealed = (url: string) => ({ url: seal(Buffer.from(url)), shown: withoutPassword(url) });

  return {
    find: (account: number, id: number): Promise<Owned<StoredTransport>> => findOwned(rows, account, id),

    /** In the order in which mail tries them. */
    ofAccount: (account: number): Promise<StoredTransport[]> =>
      rows.find({ account }).sort({ priority: 1, _id: 1 }).toArray(),

    /** The URL with its password, to connect. Throws where it was sealed with another secret. */
    urlOf: ({ url }: Pick<StoredTransport, 'url'>): string => open(url).toString(),

    /** Adds a transport; the same `origin` finds the one it created before. Atomic: one insert. */
    create: async (account: number, { url, ...settings }: NewTransport, origin?: string): Promise<StoredTransport> => {
      const row = newRow(await ids.block('transports'), account, { ...settings, ...sealed(url) }, origin);
      return addOnce(rows, row);
    },

    /** Atomic: one update of the named fields. */
    change: async (account: number, id: number, fields: TransportFields): Promise<Owned<StoredTransport>> => {
      const { url, ...settings } = fields;
      const reconnects = url !== undefined || settings.connections !== undefined || settings.purpose !== undefined;
      const $set: Record<string, unknown> = { ...settings, ...(url && sealed(url)), updated_at: now() };
      const changed = await rows.findOneAndUpdate(
        { _id: id, account },
        {
          $set,
          $inc: { version: reconnects ? 1 : 0 },
        },
        { returnDocument: 'after' },
      );
      return changed ?? explainNoMatch(rows, account, id);
    },

    /** Atomic: one delete. Workers finish open mail on it. */
    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

function newRow(
  id: number,
  account: number,
  fields: Settings & Pick<StoredTransport, 'url' | 'shown'>,
  origin?: string,
): StoredTransport {
  const at = now();
  const row = { _id: id, account, ...fields, version: 1, created_at: at, updated_at: at };
  return { ...row, ...(origin && { origin }) };
}

export const HIDDEN = '***';

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = HIDDEN;
  return shown.href;
}
