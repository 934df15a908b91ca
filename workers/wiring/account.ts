import { roundCheck } from '../../activities/campaign/round-check.js';
import { accounts } from '../../store/accounts/accounts.js';
import { suspension } from '../../store/accounts/suspension.js';
import type { Store } from '../../store/mongo/connect.js';
import { quotas } from '../../store/quotas/quotas.js';

/** Whether an account may send, and how much, put together once a process. */
export function accountWiring(store: Store) {
  const meters = quotas(store);
  return {
    checkRound: roundCheck({ accounts: accounts(store), quotas: meters }),
    quotas: meters,
    suspension: suspension(store),
  };
}
