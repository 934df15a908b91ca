import { Failure } from '../../../domain/errors.js';
import type { Deps } from '../../wiring.js';

/** Where the installation asks for it, mail leaves only for domains whose owner has shown that they are. */
export async function demandVerified(
  { config, domains }: Pick<Deps, 'config' | 'domains'>,
  account: number,
  domain: string,
): Promise<void> {
  if (!config.requireVerifiedDomains || (await domains.verifiedFor(account, domain))) return;
  const sentence = `The domain ${domain} is not verified for this account; see POST /domains.`;
  throw new Failure('domain_not_verified', { from: [sentence] });
}
