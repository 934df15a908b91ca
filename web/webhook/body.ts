import { timestamp } from '../../domain/timestamp.js';
import type { CampaignSummary, EventPayload, MessageSummary } from '../../domain/webhook/event-payload.js';
import type { WebhookFormat } from '../../domain/webhook/formats.js';
import { enviePayload } from './envie.js';

/** The body of a delivery; undefined where the format has no payload for the event. */
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

/** The event's subject under its noun (`campaign`, `subscriber`, `message`), and the event's own fields. */
function dataOf({ type, data, campaignId, subscriberId, ...subjects }: EventPayload): object {
  const { message: messageId, subject: _subject, emails_sent: _emailsSent, list_id, status, ...rest } = data;
  const subscriber = {
    ...(subjects.subscriber ?? { id: subscriberId, list_id }),
    ...(status !== undefined && { status }),
  };
  switch (type.split('.')[0]) {
    case 'campaign':
      return { campaign: subjects.campaign ? publicCampaign(subjects.campaign, data) : { id: campaignId }, ...rest };
    case 'subscriber':
      return { subscriber, ...(campaignId !== undefined && { campaign: { id: campaignId } }), ...rest };
    case 'recipient':
      return { campaign: { id: campaignId }, subscriber, ...rest };
    case 'message':
      return {
        ...(messageId !== undefined && {
          message: subjects.message ? publicMessage(subjects.message) : { id: messageId },
        }),
        ...(campaignId !== undefined && { campaign: { id: campaignId } }),
        ...(subscriberId !== undefined && { subscriber }),
        ...rest,
      };
    default:
      return data;
  }
}

/** Prefers the count stored with the event over the present count. */
function publicCampaign(campaign: CampaignSummary, { emails_sent }: EventPayload['data']): object {
  return { ...campaign, ...(typeof emails_sent === 'number' && { emails_sent }) };
}

function publicMessage({ from: _from, created_at, sent_at, ...shown }: MessageSummary): object {
  return { ...shown, created_at: timestamp(created_at), sent_at: sent_at === null ? null : timestamp(sent_at) };
}
