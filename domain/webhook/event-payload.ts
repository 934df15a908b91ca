import type { PublicSubscriber } from '../subscriber/public-subscriber.js';

export interface CampaignSummary {
  readonly id: number;
  readonly subject: string | null;
  readonly state: string;
  readonly list_id: number;
  readonly recipient_count: number;
  readonly emails_sent: number;
  readonly emails_failed: number;
  readonly emails_uncertain: number;
}

export interface MessageSummary {
  readonly id: string;
  readonly number: number;
  readonly to: string;
  /** Present only where the caller requests it. */
  readonly from?: string;
  readonly subject: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly state: string;
  readonly created_at: Date;
  readonly sent_at: Date | null;
}

/** One event with the rows it is about, as they are when the event is delivered. */
export interface EventPayload {
  /** The public id, the same at every attempt. */
  readonly id: string;
  readonly type: string;
  readonly at: Date;
  readonly data: Readonly<Record<string, unknown>>;
  readonly campaignId?: number;
  readonly subscriberId?: number;
  /** Absent where the row is deleted, or the event is about none. */
  readonly campaign?: CampaignSummary;
  readonly subscriber?: PublicSubscriber;
  readonly message?: MessageSummary;
  /** The trace of the request that the event came from. */
  readonly traceparent?: string;
}

/** A text field of an event's data; empty where the field is missing or no text. */
export function textField({ data }: Pick<EventPayload, 'data'>, field: string): string {
  const value = data[field];
  return typeof value === 'string' ? value : '';
}
