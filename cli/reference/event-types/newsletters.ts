import type { EventKind } from './event-types.js';

const issue = (what: string, when: string, more = ''): EventKind => ({
  type: `newsletter.issue_${what}`,
  when,
  id: `issue:<issue>:${what}`,
  data: `issue, newsletter, scheduled_at${more}`,
  by: 'activities/newsletter/publishing.ts',
});

export const NEWSLETTER_EVENTS: readonly EventKind[] = [
  issue('begun', 'an issue of a newsletter is being prepared', ', kind'),
  issue('late', 'it began late, but within the catch-up window'),
  issue('launched', 'it is written and through its gates: its campaign goes its own way'),
  issue('skipped', 'it does not go out, and `reason` says why', ', reason, detail'),
  issue('sent', 'its campaign was sent', ', late, seconds_behind'),
  issue('failed', 'its campaign failed or was cancelled', ', late, seconds_behind'),
];
