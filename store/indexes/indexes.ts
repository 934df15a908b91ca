import type { Db } from 'mongodb';
import { ACCOUNT_INDEXES } from './accounts.js';
import type { Index } from './definition.js';
import { eventLogIndexes, webhookIndexes } from './events.js';
import { MAIL_INDEXES } from './mail.js';
import { NEWSLETTER_INDEXES } from './newsletters.js';
import { dropIfPresent, RETIRED_INDEXES } from './retired.js';

const unique = { unique: true } as const;

/** Every index of the database, each with the query it serves. */
export const INDEXES: readonly Index[] = [
  ...MAIL_INDEXES,
  ...ACCOUNT_INDEXES,
  ...NEWSLETTER_INDEXES,
  { on: 'keys', keys: { hash: 1 }, options: unique, serves: 'the key of a request' },
  { on: 'lists', keys: { account: 1, _id: 1 }, serves: 'lists of an account' },
  { on: 'lists', keys: { uid: 1 }, options: unique, serves: 'a list by its public uid' },
  ...(['subscribe', 'unsubscribe'] as const).map((what) => ({
    on: 'lists',
    keys: { [`notifications.${what}`]: 1 as const },
    options: { partialFilterExpression: { [`notifications.${what}`]: true } },
    serves: 'the sweep: lists with notifications',
  })),
  {
    on: 'lists',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the list an Idempotency-Key created',
  },
  { on: 'keys', keys: { account: 1, _id: 1 }, serves: 'keys of an account' },
  {
    on: 'keys',
    keys: { rotation_due_at: 1 },
    options: { partialFilterExpression: { state: 'active' } },
    serves: 'keys whose owners are due for a reminder',
  },
  { on: 'subscribers', keys: { list_id: 1, email_key: 1 }, options: unique, serves: 'one row per list and address' },
  { on: 'subscribers', keys: { account: 1, _id: 1 }, serves: 'pages of subscribers' },
  { on: 'subscribers', keys: { account: 1, email_key: 1 }, serves: 'a person on all lists' },
  {
    on: 'subscribers',
    keys: { account: 1, list_id: 1, _id: 1, status: 1 },
    serves: 'a list in order of ids: freezing its audience, its pages, its counts',
  },
  { on: 'subscribers', keys: { account: 1, tags: 1, _id: 1 }, serves: 'subscribers by tag' },
  { on: 'confirmations', keys: { sweep_at: 1 }, serves: 'the sweep: requests that need a workflow' },
  {
    on: 'confirmations',
    keys: { list_id: 1, visitor: 1, requested_at: 1 },
    serves: 'the number of requests of a visitor',
  },
  { on: 'confirmations', keys: { subscriber: 1, state: 1 }, serves: 'the open request of a subscriber' },
  { on: 'confirmations', keys: { account: 1, 'requested.email_key': 1 }, serves: 'erasing the requests of an address' },
  {
    on: 'confirmations',
    keys: { delete_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'deleting closed requests',
  },
  { on: 'suppressions', keys: { account: 1, created_at: 1, _id: 1 }, serves: 'suppressions of an account' },
  {
    on: 'suppressions',
    keys: { expires_at: 1 },
    options: { partialFilterExpression: { expires_at: { $type: 'date' } } },
    serves: 'releasing addresses whose suppression has expired',
  },
  { on: 'campaigns', keys: { account: 1, state: 1, _id: -1 }, serves: 'campaigns of an account by state' },
  { on: 'campaigns', keys: { account: 1, _id: -1 }, serves: 'campaigns of an account, newest first' },
  { on: 'campaigns', keys: { account: 1, launched_at: -1, _id: -1 }, serves: 'campaigns, latest launch first' },
  {
    on: 'campaigns',
    keys: { account: 1, list_id: 1, launched_at: -1, _id: -1 },
    options: { partialFilterExpression: { launched_at: { $type: 'date' } } },
    serves: 'campaigns to the lists of a person, latest launch first',
  },
  {
    on: 'campaigns',
    keys: { account: 1, list_id: 1, scheduled_at: 1 },
    options: { partialFilterExpression: { state: 'scheduled' } },
    serves: 'scheduled campaigns to the lists of a person',
  },
  {
    on: 'campaigns',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the campaign an Idempotency-Key created',
  },
  { on: 'campaigns', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: campaigns that need a workflow' },
  {
    on: 'domains',
    keys: { account: 1, domain: 1 },
    options: unique,
    serves: 'the domain of a sender, unique in an account; the domains of an account',
  },
  {
    on: 'domains',
    keys: { claimed: 1 },
    options: { unique: true, partialFilterExpression: { claimed: { $exists: true } } },
    serves: 'a domain is verified by one account only',
  },
  {
    on: 'domains',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the domain an Idempotency-Key created',
  },
  { on: 'events', keys: { account: 1, at: 1, _id: 1 }, serves: 'the event log of an account' },
  {
    on: 'events',
    keys: { campaign: 1, type: 1, account: 1, subscriber: 1 },
    options: { partialFilterExpression: { campaign: { $exists: true } } },
    serves: 'events of a campaign by type, for its statistics',
  },
  ...eventLogIndexes(),
  ...webhookIndexes(),
  { on: 'imports', keys: { account: 1, _id: -1 }, serves: 'imports of an account' },
  { on: 'imports', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: imports that need a workflow' },
  {
    on: 'imports',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the import an Idempotency-Key created',
  },
  {
    on: 'transports',
    keys: { account: 1, priority: 1, _id: 1 },
    serves: 'transports of an account in order of priority',
  },
  {
    on: 'transports',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the transport an Idempotency-Key created',
  },
  { on: 'import_errors', keys: { account: 1 }, serves: 'erasing a person from import errors' },
  { on: 'audit', keys: { account: 1, _id: -1 }, serves: 'changes of keys and of an account, newest first' },
  {
    on: 'fields',
    keys: { account: 1, name: 1 },
    options: unique,
    serves: 'a field, unique in an account; the fields that attributes are validated against',
  },
  {
    on: 'fields',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the field an Idempotency-Key created',
  },
  {
    on: 'members',
    keys: { account: 1, email_key: 1 },
    options: unique,
    serves: 'a member, unique in an account; the recipients of drafts',
  },
  { on: 'members', keys: { account: 1, _id: 1 }, serves: 'members of an account' },
  {
    on: 'members',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the member an Idempotency-Key created',
  },
  {
    on: 'templates',
    keys: { account: 1, identifier: 1 },
    options: { unique: true, partialFilterExpression: { identifier: { $type: 'string' } } },
    serves: 'a template by its identifier',
  },
  { on: 'templates', keys: { account: 1, _id: 1 }, serves: 'templates of an account' },
  {
    on: 'templates',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the template an Idempotency-Key created',
  },
  {
    on: 'template_versions',
    keys: { account: 1, template: 1, version: -1 },
    serves: 'published versions, newest first',
  },
  {
    on: 'campaigns',
    keys: { account: 1, template_id: 1, state: 1 },
    options: { partialFilterExpression: { template_id: { $type: 'number' } } },
    serves: 'campaigns that wait for a template',
  },
  { on: 'import_errors', keys: { import: 1, from: 1 }, serves: 'errors of an import in the order of its file' },
  {
    on: 'drafts',
    keys: { account: 1, campaign: 1, n: -1 },
    options: unique,
    serves: 'versions of a campaign’s text, newest first',
  },
  {
    on: 'drafts',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the draft an Idempotency-Key created',
  },
  {
    on: 'drafts',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: drafts that need a workflow',
  },
  { on: 'voices', keys: { account: 1, version: -1 }, serves: 'the newest brand voice of an account' },
  { on: 'request_limits', keys: { key: 1 }, options: unique, serves: 'the requests of a key in this minute' },
  { on: 'request_limits', keys: { expire: 1 }, options: { expireAfterSeconds: 0 }, serves: 'deleting old minutes' },
  {
    on: 'processes',
    keys: { seen: 1 },
    options: { expireAfterSeconds: 86_400 },
    serves: 'running processes; deleting those that ended a day ago',
  },
  {
    on: 'owners',
    keys: { dead_at: 1 },
    options: { expireAfterSeconds: 600 },
    serves: 'deleting dead owners, whose leases are long over',
  },
  {
    on: 'stored_responses',
    keys: { expires_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'deleting stored responses',
  },
];

/** Creates missing indexes, then drops retired ones; several processes may run it at once. */
export async function ensureIndexes(db: Db): Promise<void> {
  const collections = [...new Set(INDEXES.map((index) => index.on))];
  await Promise.all(
    collections.map((name) =>
      db.collection(name).createIndexes(
        INDEXES.filter((index) => index.on === name).map(({ keys, options }) => ({
          key: keys as Record<string, 1>,
          ...options,
        })),
      ),
    ),
  );
  await Promise.all(RETIRED_INDEXES.map((retired) => dropIfPresent(db, retired)));
}
