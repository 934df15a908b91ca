import type { Event } from '../../../store/events/events.js';
import type { Message } from '../../../store/messages/row.js';
import { timestamp } from '../../timestamp.js';
import { LATER_EVENTS, type TimelineEntryResponse } from './view-schema.js';

const EMPTY_ENTRY = { attempt: null, class: null, code: null, reply: null, until: null } as const;

export const LATER_EVENT_TYPES: readonly string[] = LATER_EVENTS.map((what) => `message.${what}`);
/** The timeline shows the first visits; `GET /events` has all of them. */
export const MAX_LATER_EVENTS = 100;

/** The events of a message, in order. */
export function timelineOf(row: Message, laterEvents: readonly Event[]): TimelineEntryResponse[] {
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
  return mergedByTime([...begun, ...attempts, ...currentStateEntry(row)], laterEvents.map(laterEventView));
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
