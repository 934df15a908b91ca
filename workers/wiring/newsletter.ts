import type { Store } from '../../store/mongo/connect.js';
import { issues } from '../../store/newsletters/issues.js';
import { newsletters } from '../../store/newsletters/newsletters.js';
import { pushedData } from '../../store/newsletters/pushed-data.js';

/** The vocabulary of newsletters, put together once a process. */
export function newsletterWiring(store: Store) {
  return { newsletters: newsletters(store), issues: issues(store), pushed: pushedData(store) };
}
