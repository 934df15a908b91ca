import { EVENTS } from './events/event-kinds.js';

/** All event types in alphabetical order; `docs/reference/events.md` describes them. */
export const EVENT_TYPES: readonly string[] = [...new Set(EVENTS.map(({ type }) => type))].sort();

/** `*`, a noun as in `campaign.*`, or one type. */
export type EventPattern = string;

/** The types that match a pattern; empty for an unknown pattern. */
export function typesOf(pattern: EventPattern): readonly string[] {
  if (pattern === '*') return EVENT_TYPES;
  if (!pattern.endsWith('.*')) return EVENT_TYPES.filter((type) => type === pattern);
  return EVENT_TYPES.filter((type) => type.startsWith(pattern.slice(0, -1)));
}

/** What to use instead of a pattern that matches no type. */
export function unknownTypeSentence(pattern: EventPattern): string {
  const noun = pattern.split('.')[0] ?? '';
  const ofNoun = EVENT_TYPES.filter((type) => type.startsWith(`${noun}.`));
  const nouns = [...new Set(EVENT_TYPES.map((type) => `${type.split('.')[0]}.*`))];
  return `${pattern} is no event type: use ${(ofNoun.length > 0 ? ofNoun : nouns).join(', ')}.`;
}
