import type { RecentReads } from '../store/requests/recent-reads.js';
import type { RequestCounter } from './hooks/limits/request-quota.js';

/** What native routes and dialects of one process have in common. */
export interface Shared {
  readonly recent: RecentReads;
  readonly counter: RequestCounter;
}
