import type { Config } from '../../config.js';
import { type LinkKey, linkKeyRing } from '../../store/secrets/link-keys.js';
import { keptSecret } from '../../store/secrets/sealing.js';
import { withStore } from './keys.js';

/** `everpost link-keys`: lists the keys that sign links, without their secrets. */
export function listLinkKeys(config: Config): Promise<void> {
  return withStore(config, async (store) => say(await linkKeyRing(store, secretOf(config)).ring()));
}

/** `everpost link-keys rotate`: new links are signed with a new key; links in mails already sent keep working. */
export function rotateLinkKeys(config: Config): Promise<void> {
  return withStore(config, async (store) => say(await linkKeyRing(store, secretOf(config)).renew()));
}

function secretOf({ secret, dataDir }: Config): string {
  return secret ?? keptSecret(dataDir);
}

function say(ring: readonly LinkKey[]): void {
  for (const { kid, current } of ring) console.log(`${kid}  ${current ? 'signs and reads' : 'reads'}`);
}
