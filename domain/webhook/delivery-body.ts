import { timestamp } from '../timestamp.js';
import { enviePayload } from './envie.js';
import type { CampaignSummary, EventPayload, MessageSummary } from './event-payload.js';
import type { WebhookFormat } from './formats.js';

/** The body of a delivery; undefined where the format has no words for the event. */
export function deliveryBody(format: WebhookFormat, eventPayload: EventPayload): object | undefined {
  const { id, type, at } = eventPayload;
  switch (format) {
    case 'standard':
      return { type, timestamp: timestamp(at), data: dataOf(eventPayload) };
    case 'maily':
      return { id, event: type, created_at: timestamp(at), data: dataOf(eventPayload) };
    case 'envie':
      return enviePayload(eventPayload);
  }
}

/** What the event is about, under its noun; beside it what the event itself has to say. */
function dataOf({ type, data, campaignId, subscriberId, ...about }: EventPayload): object {
  const { message: messageId, subject: _subject, emails_sent: _emailsSent, list_id, status, ...rest } = data;
  const person = { ...(about.subscriber ?? { id: subscriberId, list_id }), ...(status !== undefined && { status }) };
  switch (type.split('.')[0]) {
    case 'campaign':
      return { campaign: about.campaign ? publicCampaign(about.campaign, data) : { id: campaignId }, ...rest };
    case 'subscriber':
      return { subscriber: person, ...(campaignId !== undefined && { campaign: { id: campaignId } }), ...rest };
    case 'recipient':
      return { campaign: { id: campaignId }, subscriber: person, ...rest };
    case 'message':
      return {
        ...(messageId !== undefined && { message: about.message ? publicMessage(about.message) : { id: messageId } }),
        ...(campaignId !== undefined && { campaign: { id: campaignId } }),
        ...(subscriberId !== undefined && { subscriber: person }),
        ...rest,
      };
    default:
      return data;
  }
}

/** What was counted when the event happened wins over what is counted now. */
function publicCampaign(campaign: CampaignSummary, { emails_sent }: EventPayload['data']): object {
  return { ...campaign, ...(typeof emails_sent === 'number' && { emails_sent }) };
}

function publicMessage({ from: _from, created_at, sent_at, ...shown }: MessageSummary): object {
  return { ...shown, created_at: timestamp(created_at), sent_at: sent_at === null ? null : timestamp(sent_at) };
}
