import { audienceActivities } from '../../../activities/campaign/freeze/audience.js';
import { renderingActivities } from '../../../activities/campaign/rendering.js';
import { type Engine, idleEngine } from '../../../api/engine/engine.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { aList, aSubscriber, type TestApi } from './api.js';

/** An engine that only remembers which campaigns it was to wake. */
export function recordingCampaignEngine(): Engine & { readonly notified: number[] } {
  const notified: number[] = [];
  return { ...idleEngine, notified, notifyCampaign: ({ _id }) => void notified.push(_id) };
}

export const LETTER = {
  subject: 'Friday Roundup',
  html: '<p>Hello {{first_name}}! Here are this week’s updates...</p>',
};

/** A list with one subscriber. */
export async function aListWithSubscriber(api: TestApi): Promise<number> {
  const list = await aList(api);
  await aSubscriber(api, list);
  return list;
}

export async function aCampaign(api: TestApi, list_id: number, fields: Record<string, unknown> = {}): Promise<number> {
  const response = await api.call('POST /api/v1/campaigns', { payload: { list_id, ...LETTER, ...fields } });
  return response.json<{ data: { id: number } }>().data.id;
}

/** Renders what a launch says, as its workflow does. */
export async function renderCampaign(api: TestApi, id: number): Promise<'rendered' | 'refused'> {
  const { deps, store, account } = api;
  const times = PROTOCOL_TIMES;
  const steps = renderingActivities({ ...deps, campaignProgress: campaignProgress(store), times, maxLanes: 1 });
  const { launch = 0 } = (await rowOf(api, id)) ?? {};
  return (await steps.renderContent({ account, campaign: id, launch })).result;
}

/** Launches a campaign and freezes its audience, as its workflow does. */
export async function freezeCampaign({ deps, account }: TestApi, id: number): Promise<void> {
  const row = await deps.campaigns.find(account, id);
  const launched = row && (await deps.campaigns.launch(row));
  if (launched === null) throw new Error(`campaign ${id} was changed meanwhile`);
  const { freezeAudience } = audienceActivities({
    ...deps,
    ...{ times: PROTOCOL_TIMES, maxLanes: 1, heartbeat: () => undefined, checkRound: async () => undefined },
    letters: { senderOf: async () => ({ name: null, email: 'news@example.test' }) },
  });
  await freezeAudience({ account, campaign: id, launch: launched.launch });
}

/** Puts a row into a state, as its workflow and time would have. */
export async function forceCampaign({ store }: TestApi, id: number, fields: Partial<Campaign>): Promise<void> {
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id: id }, { $set: fields });
}

export async function rowOf({ store }: TestApi, id: number): Promise<Campaign | null> {
  return majorityCollection<Campaign>(store, 'campaigns').findOne({ _id: id });
}
