import type { Variable } from './variable.js';

/** For how long. */
export const RETENTION_VARIABLES: readonly Variable[] = [
  {
    name: 'EVENTS_KEPT_DAYS',
    meaning:
      'days after which events are forgotten at night, and with them opens and clicks of campaigns; at least 30; 0: never',
    fallback: '0',
    example: '400',
    field: 'retentionDays',
  },
  {
    name: 'MESSAGES_KEPT_DAYS',
    meaning:
      'days after which messages that ended are forgotten at night, with text, attachments and Idempotency-Key; at least 30; 0: never',
    fallback: '0',
    example: '90',
    field: 'retentionDays',
  },
];
