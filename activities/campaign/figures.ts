import type { CampaignTotals } from '../../store/campaigns/recipient-totals.js';

/** The recipients of a campaign for the Temporal UI, in Markdown: an equation that adds up, and what its last term contains. */
export function figuresOf({ recipients, in_flight, deferred, ...others }: CampaignTotals): string {
  const { sent, failed, skipped, uncertain } = others;
  const pending = others.pending + in_flight + deferred;
  const settled = `${sent} sent + ${failed} failed + ${skipped} skipped + ${uncertain} uncertain`;
  const equation = `**${recipients} recipients** = ${settled} + ${pending} pending`;
  return pending === 0 ? equation : `${equation}\n\nPending: ${in_flight} in flight, ${deferred} for a later round`;
}
