import { randomBytes } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { EventPattern } from '../../domain/event-types.js';
import type { WebhookFormat } from '../../domain/webhook/formats.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';
import { type Sealed, sealing } from '../secrets/sealing.js';
import { disabling } from './disabling.js';
import { endpointProgress } from './progress.js';

export type EndpointState = 'enabled' | 'disabled';
/** Why it is off: its owner said so, it answered 410, or it failed for days. */
export type EndpointReason = 'by_request' | 'gone' | 'failing';

export interface EndpointSecret {
  readonly sealed: Sealed;
  readonly created_at: Date;
  /** Null: it does not end. */
  readonly expires_at: Date | null;
}

/** Where an integrator wants to hear of events. */
export interface Endpoint {
  readonly _id: number;
  readonly account: number;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly EventPattern[];
  readonly format: WebhookFormat;
  /** A failed delivery holds up those behind it. */
  readonly ordered: boolean;
  readonly state: EndpointState;
  readonly reason: EndpointReason | null;
  /** The newest last; two are live during a rotation. */
  readonly secrets: readonly EndpointSecret[];
  /** Place in the river: everything up to here was tried at least once, and written down. */
  readonly cursor: number;
  /** Failed attempts since the last one that was answered well. */
  readonly failures: number;
  readonly failing_since: Date | null;
  readonly last_delivered_at: Date | null;
  /** The stream rests until then. */
  readonly rest_until: Date | null;
  /** Somebody is at work on it until then: no need to wake it. */
  readonly leased_until: Date | null;
  /** When the sweep should look at this row; null where nothing is owed. */
  readonly sweep_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The Idempotency-Key's claim that made it, so that a repeat after a crash finds it. */
  readonly origin?: string;
}

export type NewEndpoint = Pick<Endpoint, 'url' | 'description' | 'events' | 'format' | 'ordered'> & {
  /** Only what happens after this place is delivered. */
  readonly cursor: number;
};
export type EndpointFields = {
  readonly [Field in 'url' | 'description' | 'events' | 'ordered']?: Endpoint[Field] | undefined;
} & { readonly enabled?: boolean | undefined };

export interface WithSecret {
  readonly row: Endpoint;
  readonly secret: string;
}

/** Purpose of the seals. */
export const SEALED_AS = 'endpoints';

export type Endpoints = ReturnType<typeof endpoints>;

export function endpoints(store: Store, secret: string) {
  const rows = store.db.collection<Endpoint>('endpoints');
  const { seal, open } = sealing(secret, SEALED_AS);
  const seals: Seals = {
    fresh: (text) => ({ sealed: seal(Buffer.from(text)), created_at: now(), expires_at: null }),
    open: ({ sealed }) => open(sealed).toString(),
  };
  return {
    ...endpointProgress(store),
    ...disabling(store),
    ...making(store, rows, seals),
    ...rotating(rows, seals),

    find: (account: number, id: number): Promise<Owned<Endpoint>> => findOwned(rows, account, id),

    ofAccount: (account: number): Promise<Endpoint[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    /**
     * Atomic: one update of the named fields. One that is switched on goes on at its place, as if nothing had been; so does
     * one with another URL, as what the old one said does not speak of the new one.
     */
    change: async (account: number, id: number, { enabled, ...fields }: EndpointFields): Promise<Owned<Endpoint>> => {
      const $set: Record<string, unknown> = {
        ...fields,
        ...afterUrlChange(fields.url),
        ...afterSwitch(enabled),
        updated_at: now(),
      };
      const changed = await rows.findOneAndUpdate({ _id: id, account }, { $set }, { returnDocument: 'after' });
      return changed ?? explainNoMatch(rows, account, id);
    },

    /** Atomic: one delete. What is under way ends by itself; its log goes with time. */
    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

interface Seals {
  fresh(text: string): EndpointSecret;
  open(secret: EndpointSecret): string;
}

function making(store: Store, rows: Collection<Endpoint>, { fresh, open }: Seals) {
  const ids = counters(store);
  return {
    /**
     * Adds an endpoint; its secret is in this answer and lies sealed in the store. The same `origin` finds the earlier one,
     * whose answer never left. Atomic: one insert.
     */
    create: async (account: number, fields: NewEndpoint, origin?: string): Promise<WithSecret> => {
      const shown = newSecret();
      const row = newRow(await ids.block('endpoints'), account, fields, fresh(shown), origin);
      try {
        await rows.insertOne(row);
        return { row, secret: shown };
      } catch (error) {
        const earlier = isDuplicateKey(error) && origin ? await rows.findOne({ account, origin }) : null;
        const [kept] = earlier?.secrets ?? [];
        if (earlier === null || kept === undefined) throw error;
        return { row: earlier, secret: open(kept) };
      }
    },
  };
}

function rotating(rows: Collection<Endpoint>, { fresh, open }: Seals) {
  const isLive = ({ expires_at }: EndpointSecret, at: Date) => expires_at === null || expires_at > at;
  return {
    /**
     * The secrets that sign now, the oldest first, of those that this house can open: one that was sealed with another
     * secret of the house must not silence the one that was made in its place. Throws where none can be opened.
     */
    secretsOf: ({ secrets }: Pick<Endpoint, 'secrets'>, at: Date): string[] => {
      const live = secrets.filter((one) => isLive(one, at));
      const opened = live.flatMap((one) => openIfPossible(() => open(one)));
      return opened.length > 0 ? opened : live.map(open);
    },

    /** A new secret; the one before it ends after `overlap` milliseconds. Null: overtaken. Atomic: one conditional update. */
    rotate: async ({ _id, account, secrets }: Endpoint, overlap: number): Promise<WithSecret | null> => {
      const shown = newSecret();
      const newest = secrets.at(-1);
      const ends = new Date(now().getTime() + overlap);
      const retiring = newest === undefined ? [] : [{ ...newest, expires_at: ends }];
      const row = await rows.findOneAndUpdate(
        { _id, account, 'secrets.sealed': newest?.sealed ?? '' },
        { $set: { secrets: [...retiring, fresh(shown)], updated_at: now() } },
        { returnDocument: 'after' },
      );
      return row && { row, secret: shown };
    },
  };
}

function openIfPossible(open: () => string): string[] {
  try {
    return [open()];
  } catch {
    return [];
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function afterSwitch(enabled: boolean | undefined): Partial<Endpoint> {
  if (enabled === undefined) return {};
  if (!enabled) return { state: 'disabled', reason: 'by_request', sweep_at: null };
  return { state: 'enabled', reason: null, ...healthy() };
}

function afterUrlChange(url: string | undefined): Partial<Endpoint> {
  return url === undefined ? {} : healthy();
}

/** Nothing is held against it, and nobody is waited for who may be at work on what it was; what is owed to it is looked at now. */
function healthy() {
  return { failures: 0, failing_since: null, rest_until: null, leased_until: null, sweep_at: now() };
}

function newRow(
  _id: number,
  account: number,
  fields: NewEndpoint,
  secret: EndpointSecret,
  origin: string | undefined,
): Endpoint {
  const at = now();
  return {
    _id,
    account,
    ...fields,
    state: 'enabled',
    reason: null,
    secrets: [secret],
    failures: 0,
    failing_since: null,
    last_delivered_at: null,
    rest_until: null,
    leased_until: null,
    sweep_at: null,
    created_at: at,
    updated_at: at,
    ...(origin !== undefined && { origin }),
  };
}
