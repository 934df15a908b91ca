import type { CampaignSettings } from '../../../store/campaigns/row.js';

/** A rate slow enough for a test to act while the campaign is being sent. */
export function atRate(rate_per_second: number, over: Partial<CampaignSettings> = {}): CampaignSettings {
  return { rate_per_second, on_uncertain: 'hold', track_opens: false, track_clicks: false, ttl_hours: 24, ...over };
}
