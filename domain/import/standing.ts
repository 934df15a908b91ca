import type { SubscriberStatus } from '../subscriber/subscriber.js';
import type { CsvColumn } from './column-fields.js';
import { strictest } from './statuses.js';

type DateField = 'subscribed_at' | 'unsubscribed_at' | 'bounced_at' | 'complained_at';

/** What the cells of a row say of the person's status. A date that cannot be read is undefined. */
export interface StandingCells {
  readonly statuses: SubscriberStatus[];
  readonly dates: Map<DateField, Date | undefined>;
}

/** Whether a person gets mail, and since when; absent dates are the time of the import. */
export interface RowStanding {
  readonly status: SubscriberStatus;
  readonly subscribed_at?: Date;
  readonly unsubscribed_at?: Date | null;
}

const LEFT: Readonly<Record<Exclude<DateField, 'subscribed_at'>, SubscriberStatus>> = {
  unsubscribed_at: 'unsubscribed',
  bounced_at: 'bounced',
  complained_at: 'complained',
};

/**
 * The strictest status that a row names. Only a row that names none is judged by its dates: a date may be of an earlier time.
 * Undefined if the file says nothing of the status.
 */
export function standingIn({ statuses, dates }: StandingCells, columns: readonly CsvColumn[]): RowStanding | undefined {
  const left = (Object.keys(LEFT) as (keyof typeof LEFT)[]).filter((field) => dates.has(field));
  const named = strictest(statuses) ?? strictest(left.map((field) => LEFT[field]));
  const subscribedAt = dates.get('subscribed_at');
  if (named === undefined && subscribedAt === undefined) return undefined;
  const status = named ?? 'active';
  const leftAt = dates.get('unsubscribed_at');
  const names = columns.some(({ field }) => field === 'unsubscribed_at');
  return {
    status,
    ...(subscribedAt !== undefined && { subscribed_at: subscribedAt }),
    ...(leftAt !== undefined && { unsubscribed_at: leftAt }),
    ...(leftAt === undefined && names && !dates.has('unsubscribed_at') && { unsubscribed_at: null }),
  };
}
