import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import { resolveSender } from '../../../mail/letter/sender.js';
import type { Campaign, Sender } from '../../../store/campaigns/campaigns.js';
import type { Deps } from '../../wiring.js';

/** Where only verified domains may send: a campaign from another one is refused before anything changes. */
export async function demandVerifiedSender(
  deps: Pick<Deps, 'accounts' | 'config' | 'domains' | 'lists'>,
  campaign: SenderFields,
): Promise<void> {
  if (!deps.config.requireVerifiedDomains) return;
  const { email } = await senderOf(deps, campaign);
  const domain = parseMailbox(email)?.domain;
  if (domain !== undefined && (await deps.domains.verifiedFor(campaign.account, domain))) return;
  throw new Failure('domain_not_verified', { from: [`The domain of ${email} is not verified.`] });
}

type SenderFields = Pick<Campaign, 'account' | 'list_id' | 'from'>;

/** Who a campaign would be from, were it sent now. */
export async function senderOf(
  { accounts, config, lists }: Pick<Deps, 'accounts' | 'config' | 'lists'>,
  { account, list_id, from }: SenderFields,
): Promise<Sender> {
  const [list, owner] = await Promise.all([lists.find(account, list_id), accounts.find(account)]);
  return resolveSender({
    campaign: from,
    list: typeof list === 'object' ? list.defaults.from : null,
    fallback: owner?.mail_from ?? config.mailFrom,
  });
}
