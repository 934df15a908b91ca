import type { Accounts } from '../../../store/accounts/accounts.js';
import { SUSPENDED } from '../../../store/accounts/suspension.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { Quotas } from '../../../store/quotas/quotas.js';

export const QUOTA_EXCEEDED = 'quota_exceeded';

/** Why a round may not be mailed now; undefined where it may. */
export type RoundCheck = (round: RoundKey, recipients: number) => Promise<string | undefined>;

interface RoundCheckDeps {
  readonly accounts: Pick<Accounts, 'status'>;
  readonly quotas: Pick<Quotas, 'reserveRound'>;
}

/** Checks before a round is mailed, with its number of recipients, whether the account may send and its quota suffices. */
export function roundCheck({ accounts, quotas }: RoundCheckDeps): RoundCheck {
  return async (round, recipients) => {
    const state = (await accounts.status(round.account))?.state;
    if (state === 'suspended') return SUSPENDED;
    if (state === 'closed') return 'account_closed';
    const reservation = await quotas.reserveRound(round.account, round, recipients);
    return reservation === 'over' ? QUOTA_EXCEEDED : undefined;
  };
}
