import { now } from '../../clock.js';
import { SWEEP_AFTER } from './acceptance.js';
import type { Message } from './row.js';

/** What is decided about a message before it is accepted. */
export type NewMessage = Pick<
  Message,
  '_id' | 'number' | 'account' | 'group' | 'role' | 'to' | 'to_key' | 'from_domain' | 'content' | 'subject' | 'hash'
> &
  Pick<Message, 'expires_at'> &
  Partial<Pick<Message, 'tags' | 'metadata' | 'track' | 'resend_if_uncertain' | 'key' | 'leaves_key'>> &
  Partial<Pick<Message, 'scheduled_at' | 'about' | 'counts_for'>>;

const NEVER_SEEN = new Date(0);

/** The row of a message at the moment it is accepted. */
export function newMessageRow(decided: NewMessage): Message {
  const at = now();
  const due = decided.scheduled_at ?? at;
  return {
    tags: [],
    metadata: {},
    track: false,
    resend_if_uncertain: false,
    ...decided,
    state: 'accepted',
    attempt: 0,
    attempts: [],
    token: null,
    seen: NEVER_SEEN,
    due,
    resent: false,
    created_at: at,
    updated_at: at,
    sweep_at: new Date(Math.max(due.getTime(), at.getTime() + SWEEP_AFTER)),
  };
}
