import { type BounceDomainDeps, bounceDomains } from '../activities/bounce-domain.js';
import type { Config } from '../config.js';
import { returnPaths } from '../mail/return-path.js';
import type { Store } from '../store/connect.js';
import { inbound } from '../store/inbound.js';
import { places } from '../store/places.js';
import type { Secrets } from '../store/secrets.js';

interface BounceSurroundings extends BounceDomainDeps, Pick<Secrets, 'ring'> {
  readonly config: Pick<Config, 'bounceDomain' | 'unreadReportsDays'>;
}

/** What sends reports about mail back to us, and what reads them. */
export async function bounceParts(store: Store, { ring, ...deps }: BounceSurroundings) {
  return {
    ring,
    paths: returnPaths(await ring()),
    bounceDomainOf: bounceDomains(deps),
    inbound: inbound(store),
    readableFor: deps.config.unreadReportsDays * 86_400_000,
    places: places(store),
  };
}
