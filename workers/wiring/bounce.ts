import type { Config } from '../../config.js';
import { returnPaths } from '../../mail/tokens/return-path.js';
import { ledgerPositions } from '../../store/campaigns/ledger-positions.js';
import { inbound } from '../../store/inbound/inbound.js';
import type { Store } from '../../store/mongo/connect.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

interface BounceDependencies extends Pick<LinkKeyRing, 'ring'> {
  readonly config: Pick<Config, 'unreadReportsDays'>;
}

/** What sends reports about mail back to us, and what reads them. */
export async function bounceWiring(store: Store, { ring, config }: BounceDependencies) {
  return {
    keyring: ring,
    paths: returnPaths(await ring()),
    inbound: inbound(store),
    readableFor: config.unreadReportsDays * 86_400_000,
    ledgerPositions: ledgerPositions(store),
  };
}
