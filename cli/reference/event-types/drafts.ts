import type { EventKind } from './event-types.js';

export const DRAFT_EVENTS: readonly EventKind[] = [
  {
    type: 'draft.ready',
    when: 'a model has written a text for a campaign',
    id: 'draft:<campaign>:<n>',
    data: 'draft, reason',
    by: 'activities/draft/draft.ts',
  },
  {
    type: 'draft.failed',
    when: 'it has not, and `reason` says why',
    id: 'draft:<campaign>:<n>',
    data: 'draft, reason',
    by: 'activities/draft/draft.ts',
  },
];
