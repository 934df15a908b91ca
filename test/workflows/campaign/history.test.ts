import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignStart } from '../../../workflows/messages/campaign.js';
import { type TimeSkippingEverpost, timeSkippingEverpost } from '../../support/everpost/time-skipping-everpost.js';
import { aDraft, steered } from '../../support/store/campaigns.js';

let everpost: TimeSkippingEverpost;

beforeAll(async () => {
  everpost = await timeSkippingEverpost();
});
afterAll(() => everpost?.close());

/** Names of local activities are in the details of their markers. */
function stepsIn(events: readonly { markerRecordedEventAttributes?: { details?: object | null } | null }[]): string[] {
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    const name = /"activity_type":"(\w+)"/.exec(Buffer.from(dataOf(marker?.details)).toString());
    return name?.[1] === undefined ? [] : [name[1]];
  });
}

function dataOf(details: object | null | undefined): Uint8Array {
  const data = (details as { data?: { payloads?: { data?: Uint8Array }[] } } | null | undefined)?.data;
  return data?.payloads?.[0]?.data ?? new Uint8Array();
}

test('the history of a campaign to two people is its story: read, render, freeze, send, end', async () => {
  const { store, env, taskQueue } = everpost;
  const row = steered(await campaigns(store).launch(await aDraft(store, 2)));
  const input = { account: row.account, campaign: row._id, launch: row.launch };
  const start = campaignStart({ prefix: 'unused', publicUrl: 'http://everpost.test' }, input, row);
  const handle = await env.client.workflow.start('campaign', { ...start, taskQueue });
  expect(await handle.result()).toMatchObject({ state: 'sent' });
  const events = (await handle.fetchHistory()).events ?? [];
  expect(stepsIn(events)).toEqual(['loadCampaign', 'renderContent', 'beginRound', 'endRound']);
  const scheduled = events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  expect(scheduled).toEqual(['sendPages']);
  expect(events.filter((event) => event.timerStartedEventAttributes)).toEqual([]);
  expect(events.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toEqual([]);
  // A slow machine renews its workflow task, which is no step.
  const isTask = (name: string) => name.startsWith('workflowTask');
  expect(events.filter((event) => !Object.keys(event).some(isTask)).length).toBeLessThan(14);
  expect(events.length).toBeLessThan(40);
});
