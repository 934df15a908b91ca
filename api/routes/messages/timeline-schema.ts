import { type Static, Type } from 'typebox';
import { MESSAGE_STATES } from '../../../domain/message/message.js';
import { nullable, Timestamp } from '../../schema/fields.js';

/** What happens to a mail once it has gone out. */
export const LATER_EVENTS = ['opened', 'clicked', 'bounced', 'complained'] as const;
const TIMELINE_EVENTS = [...MESSAGE_STATES, 'scheduled', 'warning', ...LATER_EVENTS] as const;

export const TimelineEntry = Type.Object({
  at: Timestamp,
  event: Type.Enum([...TIMELINE_EVENTS]),
  attempt: nullable(Type.Integer()),
  class: nullable(Type.String()),
  code: nullable(Type.String()),
  reply: nullable(Type.String()),
  until: nullable(Timestamp),
  /** Of visits: whether somebody came, or a program; `class` says why a program. */
  by: Type.Optional(Type.Enum(['person', 'machine'])),
  url: Type.Optional(Type.String()),
});
export type TimelineEntryResponse = Static<typeof TimelineEntry>;
