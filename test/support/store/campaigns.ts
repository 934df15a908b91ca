import { accounts } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign, NewCampaign } from '../../../store/campaigns/row.js';
import { lists } from '../../../store/lists/lists.js';
import type { Store } from '../../../store/mongo/connect.js';
import { counters } from '../../../store/mongo/counters.js';

const NO_DEFAULTS = { from: null, reply_to: null, subject: null };
const NO_NOTIFICATIONS = { subscribe: false, unsubscribe: false, subscribe_to: null, unsubscribe_to: null };

/** A list with `readers` active subscribers `reader<i>@example.test`; answers the list's id. */
export async function aList(store: Store, account: number, readers: number): Promise<number> {
  const list = await lists(store).create(account, {
    name: 'Readers',
    description: null,
    defaults: NO_DEFAULTS,
    notifications: NO_NOTIFICATIONS,
  });
  const ids = counters(store);
  const first = await ids.block('subscribers', readers);
  const at = new Date('2026-01-12T10:14:23Z');
  const rows = Array.from({ length: readers }, (_, i) => ({
    _id: first + i,
    account,
    list_id: list._id,
    email: `reader${first + i}@example.test`,
    email_key: `reader${first + i}@example.test`,
    first_name: `Reader ${first + i}`,
    last_name: null,
    attributes: {},
    tags: [],
    status: 'active' as const,
    source: 'test',
    ip: null,
    subscribed_at: at,
    unsubscribed_at: null,
    created_at: at,
    updated_at: at,
  }));
  if (rows.length > 0) await store.db.collection<(typeof rows)[number]>('subscribers').insertMany(rows);
  return list._id;
}

/** A draft to a list of its own; `over` changes any field of it. */
export async function aDraft(store: Store, readers: number, over: Partial<NewCampaign> = {}): Promise<Campaign> {
  const { _id: account } = await accounts(store).ensureFirst();
  return campaigns(store).create({
    _id: await counters(store).block('campaigns'),
    account,
    list_id: await aList(store, account, readers),
    template_id: null,
    name: 'News',
    subject: 'News for {{ first_name }}',
    preheader: null,
    html: '<p>Hello {{ first_name }}</p>',
    text: null,
    from: { name: 'News', email: 'news@example.test' },
    reply_to: null,
    creation_method: 'html',
    settings: { rate_per_second: null, on_uncertain: 'hold', track_opens: false, track_clicks: false, ttl_hours: 24 },
    ...over,
  });
}

/** The result of a control write that no concurrent write has replaced. */
export function steered(row: Campaign | null): Campaign {
  if (row === null) throw new Error('a concurrent write changed the campaign');
  return row;
}
