import type { Config } from '../config.js';
import { audit, type NewEntry } from '../store/accounts/audit.js';
import { ensureFirstAccount, type Key, keys } from '../store/keys/keys.js';
import type { Store } from '../store/mongo/connect.js';
import { type LinkKey, type LinkKeyRing, linkKeyRing } from '../store/secrets/link-keys.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { storeOf } from './addresses.js';
import { reachableMongo } from './database/reachable-mongo.js';
import { demandSecret } from './processes.js';

/** The API of envie takes a pair; the number of a key is half of it. */
const PAIR = 'The number of a key is its public-key in the API of envie; the key itself is the private-key.';

/** `everpost keys`: the keys of the first account, newest last, without their secrets. */
export function listKeys(config: Config): Promise<void> {
  return withStore(config, async (store, account) => {
    for (const key of await keys(store).ofAccount(account)) console.log(lineOf(key));
    console.log(PAIR);
  });
}

/** `everpost keys issue <name>`: creates a key and prints it once. */
export function issueKey(config: Config, name: string): Promise<void> {
  return withStore(config, async (store, account) => {
    const entry = byCli('keys.create', null, ['name']);
    const { key, secret } = await audit(store).around(account, entry, () => keys(store).issue(account, name));
    console.log(`${lineOf(key)}\nThe key, shown this once: ${secret}`);
  });
}

/** `everpost keys revoke <id>`: revokes the key. Exit code 1 if there is no such key. */
export function revokeKey(config: Config, id: number): Promise<number> {
  return withStore(config, async (store, account) => {
    const revoke = () => keys(store).revoke(account, id);
    const done = (await audit(store).around(account, byCli('keys.remove', id), revoke)) === 'done';
    console.log(done ? `Key ${id} is revoked.` : `There is no key ${id}.`);
    return done ? 0 : 1;
  });
}

/** An audit entry for a command. */
export function byCli(action: string, target: number | null, fields: readonly string[] = []): NewEntry {
  return { action, by: { kind: 'cli' }, address: null, target: target === null ? null : String(target), fields };
}

/** Uses the configured MongoDB, else the one running on the data folder, else starts one. */
export function withStore<T>(config: Config, work: (store: Store, account: number) => Promise<T>): Promise<T> {
  return withOpenStore(config, async (store) => {
    const { account, secret } = await ensureFirstAccount(store, config);
    if (secret !== undefined) console.log(`The first key, shown this once: ${secret}`);
    return work(store, account);
  });
}

/** The same without creating the first account. */
export async function withOpenStore<T>(config: Config, work: (store: Store) => Promise<T>): Promise<T> {
  const mongo = await reachableMongo(config);
  try {
    const store = await storeOf(config, { mongodbUrl: mongo.url });
    return await work(store).finally(() => store.close());
  } finally {
    await mongo.stop();
  }
}

function lineOf({ _id, prefix, state, name, last_used_at }: Key): string {
  const used = last_used_at === null ? 'never used' : `last used ${last_used_at.toISOString().slice(0, 16)}Z`;
  return `${_id}  ${prefix}…  ${state}  ${name}  (${used})`;
}

/** `everpost link-keys`: lists the keys that sign links, without their secrets. */
export function listLinkKeys(config: Config): Promise<void> {
  return withLinkKeys(config, async (linkKeys) => say(await linkKeys.ring()));
}

/** `everpost link-keys rotate`: new links are signed with a new key; links in mails already sent keep working. */
export function rotateLinkKeys(config: Config): Promise<void> {
  return withLinkKeys(config, async (linkKeys) => say(await linkKeys.renew()));
}

function withLinkKeys(config: Config, work: (linkKeys: LinkKeyRing) => Promise<void>): Promise<void> {
  return withStore(config, async (store) => {
    await demandSecret(config, store);
    await work(linkKeyRing(store, config.secret ?? keptSecret(config.dataDir)));
  });
}

function say(ring: readonly LinkKey[]): void {
  for (const { kid, current } of ring) console.log(`${kid}  ${current ? 'signs and reads' : 'reads'}`);
}
