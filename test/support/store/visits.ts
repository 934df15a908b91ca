import type { Event } from '../../../store/events/events.js';
import { events } from '../../../store/events/events.js';
import type { Store } from '../../../store/mongo/connect.js';

let made = 0;

/** A visit as `[what, who, when, more]`. */
export type Visit = readonly [
  what: 'opened' | 'clicked',
  subscriber: number,
  at: string,
  data?: Record<string, unknown>,
];

/** Appends visits of a campaign, each at its own time. */
export async function appendVisits(
  store: Store,
  account: number,
  campaign: number,
  visits: readonly Visit[],
): Promise<void> {
  for (const [what, subscriber, at, data] of visits) {
    made += 1;
    const event: Omit<Event, 'at'> = {
      _id: `visit:${made}`,
      account,
      campaign,
      subscriber,
      type: `recipient.${what}`,
      data: { by: 'person', rule: null, ...(what === 'clicked' && { link: 1 }), ...data },
    };
    await events(store).append([event], new Date(at));
  }
}
