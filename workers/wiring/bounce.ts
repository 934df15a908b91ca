import { type BounceDomainDeps, bounceDomains } from '../../activities/bounce-domain.js';
import type { Config } from '../../config.js';
import { returnPaths } from '../../mail/tokens/return-path.js';
import { ledgerPositions } from '../../store/campaigns/ledger-positions.js';
import { inbound } from '../../store/inbound/inbound.js';
import type { Store } from '../../store/mongo/connect.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

interface BounceDependencies extends BounceDomainDeps, Pick<LinkKeyRing, 'ring'> {
  readonly config: Pick<Config, 'bounceDomain' | 'unreadReportsDays'>;
}

/** What sends reports about mail back to us, and what reads them. */
export async function bounceWiring(store: Store, { ring, ...deps }: BounceDependencies) {
  return {
    keyring: ring,
    paths: returnPaths(await ring()),
    bounceDomainOf: bounceDomains(deps),
    inbound: inbound(store),
    readableFor: deps.config.unreadReportsDays * 86_400_000,
    ledgerPositions: ledgerPositions(store),
  };
}
