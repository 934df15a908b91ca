import { ringReader } from '../../mail/tokens/key-ring.js';
import { type AddressOwner, returnPaths } from '../../mail/tokens/return-path.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

/** Limits reads, so that many forged addresses do not cause as many reads. */
const MIN_RING_AGE = 1_000;

/** The meaning of a local part; undefined for addresses that we did not generate. */
export type ReadReturnPath = (local: string) => Promise<AddressOwner | undefined>;

export function returnPathReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadReturnPath {
  const read = ringReader(secrets.ring, MIN_RING_AGE);
  return (local) => read((ring) => returnPaths(ring).read(local));
}
