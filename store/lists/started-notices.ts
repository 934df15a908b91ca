import type { EventLog } from '../events/event-log.js';

/** The position in the event log at which each notification was turned on: it covers only later events. */
export interface NoticeStarts {
  readonly subscribe?: number;
  readonly unsubscribe?: number;
}

interface ListBefore {
  readonly account: number;
  readonly notifications: { readonly subscribe: boolean; readonly unsubscribe: boolean };
  readonly notice_starts?: NoticeStarts;
}

/** The stored fields of the notifications that a change turns on; none if it turns none on. */
export async function startedNotices(
  log: Pick<EventLog, 'assignSequences'>,
  { account, notifications: before, notice_starts: known }: ListBefore,
  given: { readonly subscribe?: boolean | undefined; readonly unsubscribe?: boolean | undefined } = {},
): Promise<{ notified_seq?: number; notice_starts?: NoticeStarts }> {
  const started = (['subscribe', 'unsubscribe'] as const).filter((one) => given[one] === true && !before[one]);
  if (started.length === 0) return {};
  const head = await log.assignSequences(account);
  const notice_starts = { ...known, ...Object.fromEntries(started.map((one) => [one, head])) };
  const isFirst = !before.subscribe && !before.unsubscribe;
  return { notice_starts, ...(isFirst && { notified_seq: head }) };
}
