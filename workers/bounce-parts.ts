import { type BounceDomainDeps, bounceDomains } from '../activities/bounce-domain.js';
import { returnPaths } from '../mail/return-path.js';
import type { Secrets } from '../store/secrets.js';

/** What sends reports about mail back to us. */
export async function bounceParts({ ring, ...deps }: BounceDomainDeps & Pick<Secrets, 'ring'>) {
  return { paths: returnPaths(await ring()), bounceDomainOf: bounceDomains(deps) };
}
