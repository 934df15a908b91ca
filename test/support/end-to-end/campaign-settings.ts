import type { CampaignSettings } from '../../../store/campaigns/campaigns.js';

/** Slow enough that whatever a test does falls into the middle of the campaign. */
export function atRate(rate_per_second: number, over: Partial<CampaignSettings> = {}): CampaignSettings {
  return { rate_per_second, on_uncertain: 'hold', track_opens: false, track_clicks: false, ttl_hours: 24, ...over };
}
