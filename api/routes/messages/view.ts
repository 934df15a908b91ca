import { now } from '../../../clock.js';
import type { MessageContent } from '../../../domain/message/message.js';
import { messageWaiting } from '../../../domain/waiting/message-waiting.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';
import { messageIdOn } from '../../../mail/message/compose.js';
import type { AcceptedMessage } from '../../../services/accept-message.js';
import type { CopyResult } from '../../../services/message/recipients.js';
import { messagesWaiting } from '../../../services/waiting/messages-waiting.js';
import type { Event } from '../../../store/events/events.js';
import type { Message } from '../../../store/messages/row.js';
import { waitingView } from '../../schema/waiting.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { LATER_EVENTS, type MessageResponse, type TimelineEntryResponse } from './view-schema.js';

const COPY_ERRORS: Readonly<Record<NonNullable<CopyResult['error']>, string>> = {
  invalid_address: 'This is not an address that mail can be sent to.',
  already_a_recipient: 'This address is named before and gets one mail.',
  recipient_suppressed: 'This address is suppressed and gets no mail.',
  not_in_earlier_message: 'This request repeats one that was accepted without this recipient, who gets no mail.',
};

const REPEAT_WARNING =
  'An equal message was accepted within the last hour. This is that message; no second one was sent.';

/** The answer to an accepted request. */
export function acceptedView({ primary, known, copies }: AcceptedMessage, key: string | undefined) {
  const warnings = [primary.warning ?? [], known && key === undefined ? REPEAT_WARNING : []].flat().join(' ');
  return {
    ...messageView(primary),
    additionalRecipients: copies.map((copy) => ({ ...copy, ...(copy.error && { message: COPY_ERRORS[copy.error] }) })),
    ...(warnings !== '' && { warning: warnings }),
  };
}

/** `waiting`: as it is known; by default, as the row alone shows it. */
export function messageView(row: Message, waiting: Waiting | null = messageWaiting(row, now())): MessageResponse {
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
    waiting: waitingView(waiting),
    expires_at: timestamp(row.expires_at),
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

/** Rows of a list. */
export async function messageRowViews(deps: Deps, account: number, rows: readonly Message[]) {
  const waiting = await messagesWaiting(deps, account, rows);
  return rows.map((row) => messageView(row, waiting.get(row._id) ?? null));
}

/** A message with its content, its copies and its timeline. */
export async function messageDetailView(deps: Deps, row: Message) {
  const { contents, messages, events } = deps;
  const [waiting, content, group, laterEvents] = await Promise.all([
    messagesWaiting(deps, row.account, [row]),
    contents.ofMessage(row),
    row.role === 'to' ? messages.ofGroup(row.account, row.group) : [row],
    events.ofMessage(row.account, row._id, TIMELINE_EVENT_TYPES, MAX_LATER_EVENTS),
  ]);
  return {
    ...messageView(row, waiting.get(row._id) ?? null),
    ...contentView(content),
    additionalRecipients: row.role === 'to' ? copyViews(group) : [],
    run: row.run ?? null,
    timeline: timelineOf(row, laterEvents),
  };
}

function contentView({ from, reply_to, cc, preheader, html, text, headers, attachments }: MessageContent) {
  return { from, reply_to, cc: [...cc], preheader, html, text, headers: { ...headers }, attachments: [...attachments] };
}

function copyViews(group: readonly Message[]) {
  return group.flatMap(({ _id: id, role, to: { email } }) => (role === 'to' ? [] : [{ email, role, id }]));
}

const EMPTY_ENTRY = { attempt: null, class: null, code: null, reply: null, until: null } as const;

const HELD = 'message.held';
const TIMELINE_EVENT_TYPES: readonly string[] = [HELD, ...LATER_EVENTS.map((what) => `message.${what}`)];
/** The timeline shows the first visits; `GET /events` has all of them. */
const MAX_LATER_EVENTS = 100;

/** The events of a message, in order. */
function timelineOf(row: Message, laterEvents: readonly Event[]): TimelineEntryResponse[] {
  const at = timestamp(row.created_at);
  const begun: TimelineEntryResponse[] = [{ ...EMPTY_ENTRY, at, event: 'accepted' }];
  if (row.warning !== undefined) begun.push({ ...EMPTY_ENTRY, at, event: 'warning', reply: row.warning });
  if (row.scheduled_at !== undefined)
    begun.push({ ...EMPTY_ENTRY, at, event: 'scheduled', until: timestamp(row.scheduled_at) });
  const attempts = row.attempts.map((one): TimelineEntryResponse => {
    const { n: attempt, outcome: event, class: why, code, reply, next } = one;
    const until = next === null ? null : timestamp(new Date(next));
    return { at: timestamp(new Date(one.at)), event, attempt, class: why, code, reply, until };
  });
  const holds = laterEvents.filter(({ type }) => type === HELD);
  const later = laterEvents.filter(({ type }) => type !== HELD).map(laterEventView);
  const own = [...begun, ...attempts, ...currentStateEntry(row)];
  return mergedByTime(withHolds(own, holds), later);
}

/** Each hold before the attempt that it is about, which has ended it; a hold that no attempt has ended comes last. */
function withHolds(entries: readonly TimelineEntryResponse[], holds: readonly Event[]): TimelineEntryResponse[] {
  const all = [...entries];
  for (const { at, data = {} } of holds) {
    const attempt = Number(data['attempt']);
    const detail = typeof data['detail'] === 'string' ? data['detail'] : null;
    const held = { ...EMPTY_ENTRY, at: timestamp(at), event: 'held' as const, attempt, class: String(data['reason']) };
    const next = all.findIndex((entry) => entry.attempt !== null && entry.attempt >= attempt);
    const ending = all[next];
    const resumed = ending && { ...EMPTY_ENTRY, at: ending.at, event: 'resumed' as const, attempt };
    all.splice(next < 0 ? all.length : next, 0, { ...held, reply: detail }, ...(resumed ? [resumed] : []));
  }
  return all;
}

/** The entry of a state that no attempt has written. */
function currentStateEntry({ state, seen, attempt, updated_at }: Message): TimelineEntryResponse[] {
  if (state === 'sending') return [{ ...EMPTY_ENTRY, at: timestamp(seen), event: 'sending', attempt }];
  if (state === 'cancelled') return [{ ...EMPTY_ENTRY, at: timestamp(updated_at), event: 'cancelled' }];
  return [];
}

function laterEventView({ type, at, data = {} }: Event): TimelineEntryResponse {
  const event = LATER_EVENTS.find((what) => type === `message.${what}`) ?? 'opened';
  const textField = (field: string) => (typeof data[field] === 'string' ? data[field] : null);
  const { by } = data;
  return {
    ...EMPTY_ENTRY,
    at: timestamp(at),
    event,
    class: textField('class') ?? textField('rule'),
    code: textField('code'),
    reply: textField('reply') ?? textField('detail'),
    ...((by === 'person' || by === 'machine') && { by }),
    ...(typeof data['url'] === 'string' && { url: data['url'] }),
  };
}

/** Merges two ordered timelines; at the same second the attempt comes first. */
function mergedByTime(
  entries: readonly TimelineEntryResponse[],
  laterEntries: readonly TimelineEntryResponse[],
): TimelineEntryResponse[] {
  const rest = [...laterEntries];
  const merged = entries.flatMap((entry) => [...rest.splice(0, rest.filter(({ at }) => at < entry.at).length), entry]);
  return [...merged, ...rest];
}
