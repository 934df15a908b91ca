import { allowances } from '../activities/allowance.js';
import { accounts } from '../store/accounts.js';
import type { Store } from '../store/connect.js';
import { quotas } from '../store/quota/quotas.js';
import { suspension } from '../store/suspension.js';

/** Whether an account may send, and how much, put together once a process. */
export function accountParts(store: Store) {
  const meters = quotas(store);
  return {
    allowance: allowances({ accounts: accounts(store), quotas: meters }),
    quotas: meters,
    suspension: suspension(store),
  };
}
