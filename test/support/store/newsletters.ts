import { EVERY_DAY } from '../../../domain/newsletter/cron.js';
import { accounts } from '../../../store/accounts/accounts.js';
import type { Store } from '../../../store/mongo/connect.js';
import { type Issue, issues, pushedData } from '../../../store/newsletters/issues.js';
import { type Newsletter, type NewsletterFields, newsletters } from '../../../store/newsletters/newsletters.js';
import { aList } from './campaigns.js';

const PLAIN: Omit<NewsletterFields, 'list_id'> = {
  name: 'Acme weekly',
  source: { kind: 'data' },
  ...{ cron: null, calendars: [EVERY_DAY], zone: 'UTC', start_at: null, end_at: null, skip: [] },
  ...{ jitter_seconds: 0, overlap: 'skip', catch_up_seconds: 3_600, lead_seconds: 900 },
  ...{ subject: null, preheader: null, html: '<p>{{ data.word }}</p>', template_id: null },
  from: { name: 'News', email: 'news@example.test' },
  reply_to: null,
  settings: { rate_per_second: null, on_uncertain: 'hold', track_opens: false, track_clicks: false, ttl_hours: 24 },
  ...{ approval_hours: null, on_expiry: 'skip', max_recipients: null, min_gap_minutes: null, test_to: [] },
};

/** A newsletter to one reader, with data pushed for its next issue. */
export async function aNewsletter(store: Store, over: Partial<NewsletterFields> = {}): Promise<Newsletter> {
  const { _id: account } = await accounts(store).ensureFirst();
  const list_id = over.list_id ?? (await aList(store, account, 1));
  const row = await newsletters(store).create(account, { ...PLAIN, list_id, ...over });
  await pushedData(store).put(account, row._id, { word: 'Tulips' });
  return row;
}

/** What became of its times, the latest first. */
export async function issuesOf(store: Store, { account, _id }: Newsletter): Promise<Issue[]> {
  return (await issues(store).page(account, _id, 0, 100)).found;
}
