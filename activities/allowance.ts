import type { Accounts } from '../store/accounts.js';
import type { RoundKey } from '../store/ledger.js';
import type { Quotas } from '../store/quota/quotas.js';
import { SUSPENDED } from '../store/suspension.js';

/** Why a round may not be mailed now; undefined where it may. */
export type Allowance = (round: RoundKey, recipients: number) => Promise<string | undefined>;

export interface AllowanceStores {
  readonly accounts: Pick<Accounts, 'standing'>;
  readonly quotas: Pick<Quotas, 'reserveRound'>;
}

/** What is asked once a round, when it is known whom it is for: whether the account may send, and so much. */
export function allowances({ accounts, quotas }: AllowanceStores): Allowance {
  return async (round, recipients) => {
    const state = (await accounts.standing(round.account))?.state;
    if (state === 'suspended') return SUSPENDED;
    if (state === 'closed') return 'account_closed';
    const held = await quotas.reserveRound(round.account, round, recipients);
    return held === 'over' ? 'quota_exceeded' : undefined;
  };
}
