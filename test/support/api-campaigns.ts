import { renderingActivities } from '../../activities/rendering.js';
import { type Engine, idleEngine } from '../../api/engine.js';
import { campaignProgress } from '../../store/campaign-progress.js';
import type { Campaign } from '../../store/campaigns.js';
import { fenced } from '../../store/connect.js';
import { aList, aSubscriber, type TestApi } from './api.js';

/** An engine that only remembers which campaigns it was to wake. */
export function recordingEngine(): Engine & { readonly woken: number[] } {
  const woken: number[] = [];
  return { ...idleEngine, woken, wakeCampaign: ({ _id }) => void woken.push(_id) };
}

export const LETTER = {
  subject: 'Friday Roundup',
  html: '<p>Hello {{first_name}}! Here are this week’s updates...</p>',
};

/** A list that somebody is on. */
export async function aLivelyList(api: TestApi): Promise<number> {
  const list = await aList(api);
  await aSubscriber(api, list);
  return list;
}

export async function aCampaign(api: TestApi, list_id: number, fields: Record<string, unknown> = {}): Promise<number> {
  const answer = await api.call('POST /api/v1/campaigns', { payload: { list_id, ...LETTER, ...fields } });
  return answer.json<{ data: { id: number } }>().data.id;
}

/** Renders what a launch says, as its workflow does. */
export async function rendered(api: TestApi, id: number): Promise<'rendered' | 'refused'> {
  const { deps, store, account } = api;
  const steps = renderingActivities({ ...deps, progress: campaignProgress(store), renderer: deps.press });
  return steps.renderContent({ account, campaign: id, launch: (await rowOf(api, id))?.launch ?? 0 });
}

/** Puts a row into a state, as its workflow and time would have. */
export async function force({ store }: TestApi, id: number, fields: Partial<Campaign>): Promise<void> {
  await fenced<Campaign>(store, 'campaigns').updateOne({ _id: id }, { $set: fields });
}

export async function rowOf({ store }: TestApi, id: number): Promise<Campaign | null> {
  return fenced<Campaign>(store, 'campaigns').findOne({ _id: id });
}
