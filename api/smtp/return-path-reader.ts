import { monotonic } from '../../clock.js';
import { type AddressOwner, type ReturnPaths, returnPaths } from '../../mail/tokens/return-path.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

const MAX_RING_AGE = 60_000;
/** A flood of forged addresses must not become a flood of reads. */
const MIN_RING_AGE = 1_000;

/** What a local part stands for; undefined for anything we did not make. */
export type ReadReturnPath = (local: string) => Promise<AddressOwner | undefined>;

/** Keeps the key ring at hand. An address it cannot read may be made with a newer key, so the ring is read once more. */
export function returnPathReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadReturnPath {
  let paths: ReturnPaths | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  return async (local) => {
    const age = monotonic() - readAt;
    const known = age < MAX_RING_AGE ? paths?.read(local) : undefined;
    if (known !== undefined || (paths !== undefined && age < MIN_RING_AGE)) return known ?? paths?.read(local);
    paths = returnPaths(await secrets.ring());
    readAt = monotonic();
    return paths.read(local);
  };
}
