import { REPORT_RETENTION_DAYS } from '../../domain/delivery/evidence.js';
import { BAD_DOMAIN_HOURS, SOFT_BOUNCE_RETENTION_DAYS } from '../../domain/delivery/suppression.js';
import { TOKEN_RETENTION_DAYS } from '../../domain/provider/settings.js';
import type { Index } from './definition.js';

const unique = { unique: true } as const;

/** Indexes of sent mail and of reports. */
export const MAIL_INDEXES: readonly Index[] = [
  {
    on: 'ledger',
    keys: { campaign: 1, launch: 1, round: 1, first_id: 1 },
    serves: 'the page of a recipient: ids ascend along the pages of a round',
  },
  {
    on: 'inbound',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: unread reports',
  },
  {
    on: 'inbound',
    keys: { readable_until: 1 },
    options: { partialFilterExpression: { readable_until: { $type: 'date' } } },
    serves: 'deleting unmatched reports',
  },
  {
    on: 'inbound',
    keys: { account: 1, received_at: -1, _id: -1 },
    options: { partialFilterExpression: { readable_until: { $type: 'date' } } },
    serves: 'inbound mail that an account can read',
  },
  {
    on: 'inbound',
    keys: { received_at: 1 },
    options: { expireAfterSeconds: REPORT_RETENTION_DAYS * 86_400 },
    serves: 'deleting reports',
  },
  {
    on: 'providers',
    keys: { hook_hash: 1 },
    options: unique,
    serves: 'the webhook of a provider, by the secret in its URL',
  },
  { on: 'providers', keys: { account: 1 }, serves: 'providers of an account' },
  {
    on: 'provider_tokens',
    keys: { at: 1 },
    options: { expireAfterSeconds: TOKEN_RETENTION_DAYS * 86_400 },
    serves: 'deleting spent tokens',
  },
  {
    on: 'events',
    keys: { campaign: 1, 'data.hard': 1 },
    options: { partialFilterExpression: { 'data.hard': true } },
    serves: 'hard bounces of a campaign',
  },
  {
    on: 'events',
    keys: { campaign: 1, type: 1, at: 1 },
    options: { partialFilterExpression: { type: 'recipient.complained' } },
    serves: 'complaints about a campaign',
  },
  {
    on: 'bad_domains',
    keys: { at: 1 },
    options: { expireAfterSeconds: BAD_DOMAIN_HOURS * 3_600 },
    serves: 'domains to retry after a day',
  },
  {
    on: 'soft_bounces',
    keys: { at: 1 },
    options: { expireAfterSeconds: SOFT_BOUNCE_RETENTION_DAYS * 86_400 },
    serves: 'deleting soft bounces',
  },
  {
    on: 'ledger',
    keys: { campaign: 1, launch: 1, round: 1, page: 1 },
    options: unique,
    serves: 'pages of a round in order; one chain for concurrent freezes',
  },
  {
    on: 'ledger',
    keys: { campaign: 1, launch: 1, round: 1, page: 1, done: 1 },
    options: { partialFilterExpression: { done: false } },
    serves: 'the lowest free page',
  },
  {
    on: 'ledger',
    keys: { campaign: 1, 'exceptions.kind': 1 },
    options: { partialFilterExpression: { 'exceptions.kind': 'uncertain' } },
    serves: 'uncertain recipients, which a click may settle',
  },
  {
    on: 'ledger',
    keys: { 'exceptions.unpublished': 1 },
    options: { partialFilterExpression: { 'exceptions.unpublished': true } },
    serves: 'the sweep: late evidence whose event is due',
  },
  {
    on: 'messages',
    keys: { account: 1, key: 1 },
    options: { unique: true, partialFilterExpression: { key: { $exists: true } } },
    serves: 'the message an Idempotency-Key created',
  },
  {
    on: 'messages',
    keys: { sweep_at: 1, due: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: messages that need a workflow or an event; how long the longest-waiting one is due',
  },
  { on: 'messages', keys: { account: 1, _id: -1 }, serves: 'messages of an account, newest first' },
  { on: 'messages', keys: { account: 1, state: 1, _id: -1 }, serves: 'messages of an account by state' },
  { on: 'messages', keys: { account: 1, tags: 1, _id: -1 }, serves: 'messages of an account by tag' },
  { on: 'messages', keys: { number: 1 }, options: unique, serves: 'a message by its number' },
  { on: 'messages', keys: { account: 1, to_key: 1, _id: -1 }, serves: 'messages to an address' },
  {
    on: 'messages',
    keys: { account: 1, about: 1 },
    options: { partialFilterExpression: { about: { $exists: true } } },
    serves: 'messages with copies to an address',
  },
  { on: 'erasures', keys: { account: 1, _id: 1 }, serves: 'messages to erase once they have ended' },
  { on: 'messages', keys: { account: 1, content: 1 }, serves: 'whether a message refers to a content' },
  { on: 'messages', keys: { account: 1, group: 1 }, serves: 'the messages of one request' },
  { on: 'messages', keys: { account: 1, hash: 1, created_at: -1 }, serves: 'an equal earlier request' },
];
