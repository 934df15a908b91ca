import { FINAL_STATES, type MessageState } from '../../domain/message/message.js';
import type { Message } from '../../store/messages/row.js';

type TransportTrouble = 'transport_unavailable' | 'rate_limited';

/** The state of a message after a step. */
export type MessageStatus =
  | { readonly kind: 'final'; readonly state: MessageState | 'gone' }
  /** Nothing to do before then; ISO 8601. State and number of the next attempt are absent in histories of earlier versions. */
  | {
      readonly kind: 'waiting';
      readonly until: string;
      readonly state?: MessageState;
      readonly attempt?: number;
    }
  /** Another process owns it, or the row changed meanwhile: try again after `wait` milliseconds. */
  | { readonly kind: 'busy'; readonly wait: number }
  /** It waits for its transport, or for its rate, until then; ISO 8601. Histories of earlier versions have no reason. */
  | { readonly kind: 'transport_down'; readonly until: string; readonly reason?: TransportTrouble };

/** Milliseconds after which a message that another process works on is looked at again. */
export const RETRY_SOON_MS = 250;

/** The status of a message whose row is this. */
export function statusOf(row: Message): MessageStatus {
  if (FINAL_STATES.includes(row.state)) return { kind: 'final', state: row.state };
  if (row.state === 'sending') return { kind: 'busy', wait: RETRY_SOON_MS };
  const until = Math.min(row.due.getTime(), row.expires_at.getTime());
  return { kind: 'waiting', until: new Date(until).toISOString(), state: row.state, attempt: row.attempt + 1 };
}

/** The status of a message whose transport is looked at again at this time. */
export function downUntil(until: Date, reason: TransportTrouble = 'transport_unavailable'): MessageStatus {
  return { kind: 'transport_down', until: until.toISOString(), reason };
}
