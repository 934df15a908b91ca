import type { Accounts } from '../store/accounts.js';
import type { RoundKey } from '../store/ledger.js';
import { SUSPENDED } from '../store/suspension.js';

/** Why a round may not be mailed now; undefined where it may. */
export type Allowance = (round: RoundKey, recipients: number) => Promise<string | undefined>;

/** What is asked once a round, when it is known whom it is for. */
export function allowances({ accounts }: { readonly accounts: Pick<Accounts, 'standing'> }): Allowance {
  return async ({ account }) => {
    const state = (await accounts.standing(account))?.state;
    if (state === 'suspended') return SUSPENDED;
    return state === 'closed' ? 'account_closed' : undefined;
  };
}
