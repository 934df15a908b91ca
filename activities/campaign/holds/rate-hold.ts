import { monotonic } from '../../../clock.js';
import { rateSentence } from '../../../domain/waiting/waiting.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Grant } from '../../../store/transports/token-buckets.js';
import { type HoldDeps, holdCampaign } from './hold.js';

/**
 * Records a hold where other mail takes all tokens of a rate for `heldAfter` milliseconds and no recipient of the round gets
 * an outcome meanwhile, in any process. `watch` is told of each grant.
 */
export function rateHold(deps: HoldDeps, key: RoundKey, row: () => Campaign, heldAfter: number) {
  let deniedSince: number | undefined;
  /** The outcomes of the round after half the time. */
  let halfway: { readonly at: number; readonly settled: number } | undefined;

  const onDenied = async (by: NonNullable<Grant['by']>): Promise<void> => {
    const at = monotonic();
    deniedSince ??= at;
    if (row().held != null || at - deniedSince < heldAfter / 2) return;
    const settled = await deps.ledger.settledOf(key);
    if (halfway?.settled !== settled) {
      halfway = { at, settled };
      return;
    }
    if (at - halfway.at < heldAfter / 2) return;
    halfway = undefined;
    await holdCampaign(deps, key, { reason: 'rate_limit', ms: null, detail: rateSentence(by) });
  };
  return {
    watch: async ({ tokens, by }: Grant): Promise<void> => {
      if (by !== undefined) return onDenied(by);
      if (tokens === 0) return;
      deniedSince = undefined;
      halfway = undefined;
    },
  };
}
