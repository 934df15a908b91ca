import { now } from '../../clock.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { Suppressions } from '../../store/suppressions/suppressions.js';

export interface ExpiryDeps {
  readonly subscribers: Pick<Subscribers, 'release'>;
  readonly suppressions: Pick<Suppressions, 'expired' | 'removeExpired'>;
}

/** Releases addresses whose soft suppression has expired: subscribers first, so that a crash is made up for. */
export async function releaseExpired({ subscribers, suppressions }: ExpiryDeps): Promise<void> {
  const at = now();
  for await (const row of suppressions.expired(at)) {
    if (row.email_key !== undefined) await subscribers.release(row.account, row.email_key, 'expiry');
    await suppressions.removeExpired(row, at);
  }
}
