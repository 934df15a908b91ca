import type { UncertainCount } from '../store/monitoring/uncertain.js';
import type { Stores } from '../store/stores.js';
import type { Endpoint } from '../store/webhooks/row.js';
import { type WaitingTotal, type WaitingTotalsStores, waitingTotals } from './waiting/waiting-totals.js';

export type AccountStatusStores = WaitingTotalsStores & Pick<Stores, 'uncertainMail' | 'endpoints'>;

/** What needs attention in an account. */
export interface AccountStatus {
  readonly waiting: readonly WaitingTotal[];
  readonly uncertain: {
    readonly messages: number;
    /** By campaign. */
    readonly recipients: readonly UncertainCount[];
  };
  /** Webhooks whose deliveries fail, or that failures have disabled. */
  readonly webhooks: readonly Endpoint[];
}

/** Campaigns with uncertain recipients that are named; the newest. */
const CAMPAIGNS_NAMED = 50;

export async function accountStatus(stores: AccountStatusStores, account: number): Promise<AccountStatus> {
  const scope = { account, limit: CAMPAIGNS_NAMED };
  const [waiting, [messages], recipients, endpoints] = await Promise.all([
    waitingTotals(stores, account),
    stores.uncertainMail.messages(scope),
    stores.uncertainMail.recipients(scope),
    stores.endpoints.ofAccount(account),
  ]);
  return { waiting, uncertain: { messages: messages?.count ?? 0, recipients }, webhooks: endpoints.filter(isFailing) };
}

function isFailing({ state, reason, failing_since }: Endpoint): boolean {
  return state === 'enabled' ? failing_since !== null : reason !== 'by_request';
}
