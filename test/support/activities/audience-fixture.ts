import { audienceActivities } from '../../../activities/campaign/freeze/audience.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { type Rounds, rounds } from '../../../store/campaigns/rounds.js';
import { events } from '../../../store/events/events.js';
import type { Store } from '../../../store/mongo/connect.js';
import { quotas } from '../../../store/quotas/quotas.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';

/** The steps that freeze an audience. `obstacle`: why a round with so many recipients may not be mailed. */
export function audienceSteps(
  store: Store,
  obstacle?: (recipients: number) => string | undefined,
  pages: Rounds = rounds(store),
) {
  return audienceActivities({
    campaigns: campaigns(store),
    campaignProgress: campaignProgress(store),
    rounds: pages,
    recipients: recipients(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    letters: { senderOf: async () => ({ name: null, email: 'news@example.test' }) },
    quotas: quotas(store),
    events: events(store),
    checkRound: async (_round, recipients) => obstacle?.(recipients),
    heartbeat: () => {},
    times: PROTOCOL_TIMES,
    maxLanes: 8,
  });
}
