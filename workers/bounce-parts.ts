import { type BounceDomainDeps, bounceDomains } from '../activities/bounce-domain.js';
import { returnPaths } from '../mail/return-path.js';
import type { Store } from '../store/connect.js';
import { inbound } from '../store/inbound.js';
import { places } from '../store/places.js';
import type { Secrets } from '../store/secrets.js';

/** What sends reports about mail back to us, and what reads them. */
export async function bounceParts(store: Store, { ring, ...deps }: BounceDomainDeps & Pick<Secrets, 'ring'>) {
  return {
    ring,
    paths: returnPaths(await ring()),
    bounceDomainOf: bounceDomains(deps),
    inbound: inbound(store),
    places: places(store),
  };
}
