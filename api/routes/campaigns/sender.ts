import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import { chosenSender } from '../../../mail/sender.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Deps } from '../../deps.js';

/** Where only verified domains may send: a campaign from another one is refused before anything changes. */
export async function demandVerifiedSender(
  { accounts, config, domains, lists }: Pick<Deps, 'accounts' | 'config' | 'domains' | 'lists'>,
  { account, list_id, from }: Pick<Campaign, 'account' | 'list_id' | 'from'>,
): Promise<void> {
  if (!config.requireVerifiedDomains) return;
  const [list, owner] = await Promise.all([lists.find(account, list_id), accounts.find(account)]);
  const { email } = chosenSender({
    campaign: from,
    list: typeof list === 'object' ? list.defaults.from : null,
    lastResort: owner?.mail_from ?? config.mailFrom,
  });
  const domain = parseMailbox(email)?.domain;
  if (domain !== undefined && (await domains.verifiedFor(account, domain))) return;
  throw new Failure('domain_not_verified', { from: [`The domain of ${email} is not verified.`] });
}
