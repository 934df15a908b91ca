import { monotonic } from '../../clock.js';
import { type AddressOwner, type ReturnPaths, returnPaths } from '../../mail/return-path.js';
import type { Secrets } from '../../store/secrets.js';

const KEPT = 60_000;
/** A flood of forged addresses must not become a flood of reads. */
const LEAST_AGE = 1_000;

/** What a local part stands for; undefined for anything we did not make. */
export type ReadAddress = (local: string) => Promise<AddressOwner | undefined>;

/** Keeps the key ring at hand. An address it cannot read may be made with a newer key, so the ring is read once more. */
export function addressReader(secrets: Pick<Secrets, 'ring'>): ReadAddress {
  let paths: ReturnPaths | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  return async (local) => {
    const age = monotonic() - readAt;
    const known = age < KEPT ? paths?.read(local) : undefined;
    if (known !== undefined || (paths !== undefined && age < LEAST_AGE)) return known ?? paths?.read(local);
    paths = returnPaths(await secrets.ring());
    readAt = monotonic();
    return paths.read(local);
  };
}
