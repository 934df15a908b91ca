import { randomBytes } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';
import { sealing } from '../secrets/sealing.js';
import { endpointProgress } from './progress.js';
import type { Endpoint, EndpointFields, EndpointSecret, NewEndpoint } from './row.js';

interface WithSecret {
  readonly row: Endpoint;
  readonly secret: string;
}

/** Purpose of the sealed secrets. */
const SEALED_AS = 'endpoints';

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
    ...making(store, rows, seals),
    ...rotating(rows, seals),

    find: (account: number, id: number): Promise<Owned<Endpoint>> => findOwned(rows, account, id),

    ofAccount: (account: number): Promise<Endpoint[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    /**
     * Changes the named fields. An endpoint that is enabled again, or gets another URL, continues at its cursor with its failures
     * reset. Atomic: one update.
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

    /** Atomic: one delete. A running pass ends by itself; the delivery log expires. */
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
     * Adds an endpoint and returns its secret, which is stored sealed. The same `origin` returns the endpoint that an earlier,
     * interrupted request created. Atomic: one insert.
     */
    create: async (account: number, fields: NewEndpoint, origin?: string): Promise<WithSecret> => {
      const plain = newSecret();
      const row = newRow(await ids.block('endpoints'), account, fields, fresh(plain), origin);
      try {
        await rows.insertOne(row);
        return { row, secret: plain };
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
     * The live secrets, the oldest first. One that was sealed with another EVERPOST_SECRET is left out, so that the secret made in
     * its place still signs. Throws where none can be opened.
     */
    secretsOf: ({ secrets }: Pick<Endpoint, 'secrets'>, at: Date): string[] => {
      const live = secrets.filter((one) => isLive(one, at));
      const opened = live.flatMap((one) => openIfPossible(() => open(one)));
      return opened.length > 0 ? opened : live.map(open);
    },

    /** Adds a secret; the previous one expires after `overlap` milliseconds. Null: another rotation was first. Atomic: one conditional update. */
    rotate: async ({ _id, account, secrets }: Endpoint, overlap: number): Promise<WithSecret | null> => {
      const plain = newSecret();
      const newest = secrets.at(-1);
      const ends = new Date(now().getTime() + overlap);
      const retiring = newest === undefined ? [] : [{ ...newest, expires_at: ends }];
      const row = await rows.findOneAndUpdate(
        { _id, account, 'secrets.sealed': newest?.sealed ?? '' },
        { $set: { secrets: [...retiring, fresh(plain)], updated_at: now() } },
        { returnDocument: 'after' },
      );
      return row && { row, secret: plain };
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

/** Resets failures, takes the lease from a pass over the old settings and makes the endpoint due now. */
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
