import type { MessageContent } from '../../../domain/message/message.js';
import { messageIdOn } from '../../../mail/message/compose.js';
import type { AcceptedMessage } from '../../../services/accept-message.js';
import type { Message } from '../../../store/messages/row.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { LATER_EVENT_TYPES, MAX_LATER_EVENTS, timelineOf } from './timeline.js';
import type { MessageResponse } from './view-schema.js';

const REPEAT_WARNING =
  'An equal message was accepted within the last hour. This is that message; no second one was sent.';

/** The answer to an accepted request. */
export function acceptedView({ primary, known, copies }: AcceptedMessage, key: string | undefined) {
  const warnings = [primary.warning ?? [], known && key === undefined ? REPEAT_WARNING : []].flat().join(' ');
  return {
    ...messageView(primary),
    additionalRecipients: copies,
    ...(warnings !== '' && { warning: warnings }),
  };
}

export function messageView(row: Message): MessageResponse {
  const waits = row.state === 'accepted' || row.state === 'deferred';
  return {
    id: row._id,
    number: row.number,
    state: row.state,
    role: row.role,
    group: row.group,
    to: row.to,
    subject: row.subject,
    template: row.template ?? null,
    tags: [...row.tags],
    metadata: { ...row.metadata },
    track: row.track,
    resend_if_uncertain: row.resend_if_uncertain,
    message_id: messageIdOn(row._id, row.from_domain),
    attempts: row.attempt,
    scheduled_at: timestampOrNull(row.scheduled_at ?? null),
    next_attempt_at: waits ? timestamp(row.due) : null,
    expires_at: timestamp(row.expires_at),
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

/** A message with its content, its copies and its timeline. */
export async function messageDetailView(
  { contents, messages, events }: Pick<Deps, 'contents' | 'events' | 'messages'>,
  row: Message,
) {
  const [content, group, laterEvents] = await Promise.all([
    contents.find(row.account, row.content),
    row.role === 'to' ? messages.ofGroup(row.account, row.group) : [row],
    events.ofMessage(row.account, row._id, LATER_EVENT_TYPES, MAX_LATER_EVENTS),
  ]);
  if (content === null) throw new Error(`the content of message ${row._id} is not in the store`);
  return {
    ...messageView(row),
    ...contentView(content),
    additionalRecipients: row.role === 'to' ? copyViews(group) : [],
    timeline: timelineOf(row, laterEvents),
  };
}

function contentView({ from, reply_to, cc, preheader, html, text, headers, attachments }: MessageContent) {
  return { from, reply_to, cc: [...cc], preheader, html, text, headers: { ...headers }, attachments: [...attachments] };
}

function copyViews(group: readonly Message[]) {
  return group.flatMap(({ _id: id, role, to: { email } }) => (role === 'to' ? [] : [{ email, role, id }]));
}
