import type { Event } from '../../../store/events.js';
import type { Message } from '../../../store/messages-row.js';
import { AFTERWARDS, type TimelineShown } from '../../schemas/message-timeline.js';
import { timestamp } from '../../timestamp.js';

const NOTHING = { attempt: null, class: null, code: null, reply: null, until: null } as const;

export const AFTERWARDS_TYPES: readonly string[] = AFTERWARDS.map((what) => `message.${what}`);
/** A mail that is opened more often than this shows its first visits; `GET /events` has all of them. */
export const MOST_AFTERWARDS = 100;

/** What happened to a message, in order. */
export function timelineOf(row: Message, afterwards: readonly Event[]): TimelineShown[] {
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
  return woven([...begun, ...attempts, ...nowIn(row)], afterwards.map(afterwardsShown));
}

/** What no attempt tells. */
function nowIn({ state, seen, attempt, updated_at }: Message): TimelineShown[] {
  if (state === 'sending') return [{ ...NOTHING, at: timestamp(seen), event: 'sending', attempt }];
  if (state === 'cancelled') return [{ ...NOTHING, at: timestamp(updated_at), event: 'cancelled' }];
  return [];
}

function afterwardsShown({ type, at, data = {} }: Event): TimelineShown {
  const event = AFTERWARDS.find((what) => type === `message.${what}`) ?? 'opened';
  const said = (field: string) => (typeof data[field] === 'string' ? data[field] : null);
  const { by } = data;
  return {
    ...NOTHING,
    at: timestamp(at),
    event,
    class: said('class') ?? said('rule'),
    code: said('code'),
    reply: said('reply') ?? said('detail'),
    ...((by === 'person' || by === 'machine') && { by }),
    ...(typeof data['url'] === 'string' && { url: data['url'] }),
  };
}

/** Two stories in one order, each in its own; of what happened in the same second the attempt comes first. */
function woven(story: readonly TimelineShown[], afterwards: readonly TimelineShown[]): TimelineShown[] {
  const rest = [...afterwards];
  const told = story.flatMap((entry) => [...rest.splice(0, rest.filter(({ at }) => at < entry.at).length), entry]);
  return [...told, ...rest];
}
