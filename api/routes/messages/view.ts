import type { MessageContent } from '../../../domain/message.js';
import { messageIdOn } from '../../../mail/compose.js';
import type { Message } from '../../../store/messages-row.js';
import type { Deps } from '../../deps.js';
import type { AdditionalShown, MessageRequest, MessageShown, TimelineShown } from '../../schemas/message.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Accepted } from './accept.js';
import { additionalRecipients } from './copies.js';

const KNOWN = 'An equal message was accepted within the last hour; this is that one, and nothing more was sent.';

/** The answer to whoever posts a message. */
export function acceptedView({ group, known }: Accepted, request: MessageRequest, keyed: boolean) {
  const [primary] = group;
  if (primary === undefined) throw new Error('An accepted message has no row');
  const warnings = [primary.warning ?? [], known && !keyed ? KNOWN : []].flat().join(' ');
  return {
    ...messageView(primary),
    additionalRecipients: additionalRecipients(request, group),
    ...(warnings !== '' && { warning: warnings }),
  };
}

export function messageView(row: Message): MessageShown {
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

/** A message with everything that is known about it. */
export async function wholeView({ contents, messages }: Pick<Deps, 'contents' | 'messages'>, row: Message) {
  const [content, group] = await Promise.all([
    contents.find(row.account, row.content),
    row.role === 'to' ? messages.ofGroup(row.account, row.group) : [row],
  ]);
  if (content === null) throw new Error(`the content of message ${row._id} is not in the store`);
  return {
    ...messageView(row),
    ...saidIn(content),
    additionalRecipients: row.role === 'to' ? copiesIn(group) : [],
    timeline: timelineOf(row),
  };
}

function saidIn({ from, reply_to, cc, preheader, html, text, headers, attachments }: MessageContent) {
  return { from, reply_to, cc: [...cc], preheader, html, text, headers: { ...headers }, attachments: [...attachments] };
}

function copiesIn(group: readonly Message[]): AdditionalShown[] {
  return group.flatMap(({ _id: id, role, to: { email } }) => (role === 'to' ? [] : [{ email, role, id }]));
}

const NOTHING = { attempt: null, class: null, code: null, reply: null, until: null } as const;

/** What happened to a message, in order. */
export function timelineOf(row: Message): TimelineShown[] {
  const at = timestamp(row.created_at);
  const begun: TimelineShown[] = [{ ...NOTHING, at, event: 'accepted' }];
  if (row.warning !== undefined) begun.push({ ...NOTHING, at, event: 'warning', reply: row.warning });
  if (row.scheduled_at !== undefined)
    begun.push({ ...NOTHING, at, event: 'scheduled', until: timestamp(row.scheduled_at) });
  const attempts = row.attempts.map((one): TimelineShown => {
    const { n: attempt, outcome: event, class: why, code, reply, next } = one;
    const until = next === null ? null : timestamp(new Date(next));
    return { at: timestamp(new Date(one.at)), event, attempt, class: why, code, reply, until };
  });
  return [...begun, ...attempts, ...nowIn(row)];
}

/** What no attempt tells. */
function nowIn({ state, seen, attempt, updated_at }: Message): TimelineShown[] {
  if (state === 'sending') return [{ ...NOTHING, at: timestamp(seen), event: 'sending', attempt }];
  if (state === 'cancelled') return [{ ...NOTHING, at: timestamp(updated_at), event: 'cancelled' }];
  return [];
}
