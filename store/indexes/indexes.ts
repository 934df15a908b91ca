import type { Db } from 'mongodb';
import { ACCOUNT_INDEXES } from './accounts.js';
import type { Index } from './definition.js';
import { eventLogIndexes, webhookIndexes } from './events.js';
import { MAIL_INDEXES } from './mail.js';
import { NEWSLETTER_INDEXES } from './newsletters.js';

const unique = { unique: true } as const;

/** Every index of the database, each with the query it serves. */
const INDEXES: readonly Index[] = [
  ...MAIL_INDEXES,
  ...ACCOUNT_INDEXES,
  ...NEWSLETTER_INDEXES,
  { on: 'keys', keys: { hash: 1 }, options: unique, serves: 'who sends this request' },
  { on: 'lists', keys: { account: 1, _id: 1 }, serves: 'lists of an account' },
  { on: 'lists', keys: { uid: 1 }, options: unique, serves: 'a list by its public uid' },
  ...(['subscribe', 'unsubscribe'] as const).map((what) => ({
    on: 'lists',
    keys: { [`notifications.${what}`]: 1 as const },
    options: { partialFilterExpression: { [`notifications.${what}`]: true } },
    serves: 'the sweep: lists whose owners want to hear of people',
  })),
  {
    on: 'lists',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the list an Idempotency-Key has made',
  },
  { on: 'keys', keys: { account: 1, _id: 1 }, serves: 'keys of an account' },
  {
    on: 'keys',
    keys: { rotation_due_at: 1 },
    options: { partialFilterExpression: { state: 'active' } },
    serves: 'keys whose owners are to be reminded',
  },
  { on: 'subscribers', keys: { list_id: 1, email_key: 1 }, options: unique, serves: 'one row per list and address' },
  { on: 'subscribers', keys: { account: 1, _id: 1 }, serves: 'pages of subscribers' },
  { on: 'subscribers', keys: { account: 1, email_key: 1 }, serves: 'one person on every list' },
  {
    on: 'subscribers',
    keys: { account: 1, list_id: 1, _id: 1, status: 1 },
    serves: 'a list in order of ids: freezing its audience, its pages, its counts',
  },
  { on: 'subscribers', keys: { account: 1, tags: 1, _id: 1 }, serves: 'subscribers by tag' },
  { on: 'confirmations', keys: { sweep_at: 1 }, serves: 'the sweep: requests that are owed a workflow' },
  { on: 'confirmations', keys: { list_id: 1, visitor: 1, requested_at: 1 }, serves: 'how often a visitor has asked' },
  { on: 'confirmations', keys: { subscriber: 1, state: 1 }, serves: 'the request a person waits for' },
  { on: 'confirmations', keys: { account: 1, 'requested.email_key': 1 }, serves: 'erasing the requests of an address' },
  {
    on: 'confirmations',
    keys: { delete_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'forgetting requests that are over',
  },
  { on: 'suppressions', keys: { account: 1, created_at: 1, _id: 1 }, serves: 'suppressions of an account' },
  { on: 'campaigns', keys: { account: 1, state: 1, _id: -1 }, serves: 'campaigns of an account by state' },
  { on: 'campaigns', keys: { account: 1, _id: -1 }, serves: 'campaigns of an account, the newest first' },
  { on: 'campaigns', keys: { account: 1, launched_at: -1, _id: -1 }, serves: 'campaigns, the last launched first' },
  {
    on: 'campaigns',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the campaign an Idempotency-Key has made',
  },
  { on: 'campaigns', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: campaigns that are owed a workflow' },
  {
    on: 'domains',
    keys: { account: 1, domain: 1 },
    options: unique,
    serves: 'the domain of a sender, once an account; the domains of an account',
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
    serves: 'the domain an Idempotency-Key has made',
  },
  { on: 'events', keys: { account: 1, at: 1, _id: 1 }, serves: 'the river of an account' },
  {
    on: 'events',
    keys: { campaign: 1, type: 1, account: 1, subscriber: 1 },
    options: { partialFilterExpression: { campaign: { $exists: true } } },
    serves: 'what happened to a campaign, by type: its statistics, and how many events they are from',
  },
  ...eventLogIndexes(),
  ...webhookIndexes(),
  { on: 'imports', keys: { account: 1, _id: -1 }, serves: 'imports of an account' },
  { on: 'imports', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: imports that are owed a workflow' },
  {
    on: 'imports',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the import an Idempotency-Key has made',
  },
  { on: 'transports', keys: { account: 1, priority: 1, _id: 1 }, serves: 'transports of an account, the first first' },
  {
    on: 'transports',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the transport an Idempotency-Key has made',
  },
  { on: 'import_errors', keys: { account: 1 }, serves: 'forgetting what files had of somebody' },
  { on: 'audit', keys: { account: 1, _id: -1 }, serves: 'changes of keys and of an account, the newest first' },
  {
    on: 'fields',
    keys: { account: 1, name: 1 },
    options: unique,
    serves: 'a field once an account; what attributes are held against',
  },
  {
    on: 'fields',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the field an Idempotency-Key has made',
  },
  {
    on: 'members',
    keys: { account: 1, email_key: 1 },
    options: unique,
    serves: 'a member once an account; who may get drafts',
  },
  { on: 'members', keys: { account: 1, _id: 1 }, serves: 'members of an account' },
  {
    on: 'members',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the member an Idempotency-Key has made',
  },
  {
    on: 'templates',
    keys: { account: 1, identifier: 1 },
    options: { unique: true, partialFilterExpression: { identifier: { $type: 'string' } } },
    serves: 'a template by what messages call it',
  },
  { on: 'templates', keys: { account: 1, _id: 1 }, serves: 'templates of an account' },
  {
    on: 'templates',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the template an Idempotency-Key has made',
  },
  {
    on: 'template_versions',
    keys: { account: 1, template: 1, version: -1 },
    serves: 'what was published, the newest first',
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
    serves: 'versions of a campaign’s text, the newest first',
  },
  {
    on: 'drafts',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the draft an Idempotency-Key has asked for',
  },
  {
    on: 'drafts',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: drafts that are owed a workflow',
  },
  { on: 'voices', keys: { account: 1, version: -1 }, serves: 'the newest brand voice of an account' },
  { on: 'request_limits', keys: { key: 1 }, options: unique, serves: 'what a key asked for in this minute' },
  { on: 'request_limits', keys: { expire: 1 }, options: { expireAfterSeconds: 0 }, serves: 'forgetting old minutes' },
  {
    on: 'stored_responses',
    keys: { expires_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'forgetting stored replies',
  },
];

/** Creates what is missing; safe to run from several processes at once. */
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
}
