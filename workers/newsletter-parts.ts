import type { Store } from '../store/connect.js';
import { issues } from '../store/newsletter/issues.js';
import { pushedData } from '../store/newsletter/pushed.js';
import { newsletters } from '../store/newsletters.js';

/** The vocabulary of newsletters, put together once a process. */
export function newsletterParts(store: Store) {
  return { newsletters: newsletters(store), issues: issues(store), pushed: pushedData(store) };
}
