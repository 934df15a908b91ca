/** One kind of event as it is appended to the event log. Tests compare the lists in this folder with the code that appends. */
export interface EventKind {
  readonly type: string;
  readonly when: string;
  /** How `_id` is made; the same id is never appended twice. */
  readonly id: string;
  /** The names of its own fields, some with a meaning in parentheses; `–`: none. */
  readonly data: string;
  /** The file that appends it. */
  readonly by: string;
}

/** The names of the fields in an event's data. */
export function fieldsOf({ data }: Pick<EventKind, 'data'>): readonly string[] {
  return data === '–' ? [] : data.replaceAll(/ \([^)]*\)/g, '').split(', ');
}

/** `_id` of an event about one entry of a ledger page. */
export const ENTRY = '<campaign>:<launch>:<round>:<page>:<i>';
/** Data of opens and clicks. */
export const VISIT = 'by (person or machine), rule';

/** An open or a click. */
export const visit = (type: string, when: string, id: string, data: string): EventKind => ({
  type,
  when,
  id,
  data,
  by: 'api/public/tracking/recording.ts',
});

/** A bounce or a complaint that arrived after the mail was accepted. */
export const reported = (type: string, when: string, data: string): EventKind => ({
  type,
  when,
  id: type.startsWith('message') ? 'message:<message>:<what>' : 'recipient:<campaign>:<subscriber>:<what>',
  data,
  by: 'activities/inbound/apply-evidence.ts',
});
