import { ringReader } from '../../mail/tokens/key-ring.js';
import { type AddressOwner, returnPaths } from '../../mail/tokens/return-path.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

/** A flood of forged addresses must not become a flood of reads. */
const MIN_RING_AGE = 1_000;

/** What a local part stands for; undefined for anything we did not make. */
export type ReadReturnPath = (local: string) => Promise<AddressOwner | undefined>;

export function returnPathReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadReturnPath {
  const read = ringReader(secrets.ring, MIN_RING_AGE);
  return (local) => read((ring) => returnPaths(ring).read(local));
}
