import { expect } from 'vitest';
import { knownRoutes } from '../../../api/hooks/known-routes.js';
import { now } from '../../../clock.js';
import type { Call, TestApi } from '../api/api.js';
import { CSV, type OwnedResources } from './owned-resources.js';

const SOON = new Date(now().getTime() + 3_600_000).toISOString();

/** Which of the things a path parameter names, by the path before it. */
const NOUNS: Readonly<Record<string, string>> = {
  lists: 'list',
  subscribers: 'subscriber',
  keys: 'key',
  campaigns: 'campaign',
  imports: 'import',
  transports: 'transport',
  domains: 'domain',
  messages: 'message',
  newsletters: 'newsletter',
  webhooks: 'webhook',
  account: 'member',
  providers: 'provider',
  templates: 'template',
  fields: 'field',
  agency: 'client',
};

/** Bodies that name these things, for the routes that take one. */
const BODIES: Readonly<Record<string, (own: OwnedResources) => Record<string, unknown>>> = {
  'POST /api/v1/subscribers': (own) => ({ email: 'foreign@example.com', list_id: own['list'] }),
  'POST /api/v1/subscribers/batch': (own) => ({
    list_id: own['list'],
    subscribers: [{ email: 'mine@example.com', first_name: 'Mallory' }],
  }),
  'POST /api/v1/campaigns': (own) => ({ list_id: own['list'], subject: 'x', html: '<p>x</p>' }),
  'PATCH /api/v1/campaigns/:id': () => ({ subject: 'Taken over' }),
  'POST /api/v1/campaigns/:id/schedule': () => ({ scheduled_at: SOON }),
  'POST /api/v1/campaigns/:id/test': () => ({ to: ['member@example.com'] }),
  'POST /api/v1/campaigns/:id/rate': () => ({ per_second: 5 }),
  'POST /api/v1/campaigns/:id/retry': () => ({ status: 'all' }),
  'POST /api/v1/newsletters': (own) => ({
    ...{ name: 'x', list_id: own['list'], schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: 'x' },
  }),
  'PATCH /api/v1/newsletters/:id': () => ({ name: 'Taken over' }),
  'PUT /api/v1/newsletters/:id/data': () => ({ data: { mine: false } }),
  'PATCH /api/v1/transports/:id': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/templates/:id': () => ({ name: 'Taken over' }),
  'POST /api/v1/templates/:id/rollback': () => ({ version: 1 }),
  'PATCH /api/v1/domains/:id': () => ({ bounce_domain: null }),
  'PATCH /api/v1/fields/:id': () => ({ label: 'Taken over' }),
  'PATCH /api/v1/lists/:id': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/webhooks/:id': () => ({ description: 'Taken over' }),
  'PUT /api/v1/account/voice': () => ({}),
  'PUT /api/v1/providers/:name': () => ({ username: 'mallory' }),
  'PUT /api/v1/account/brand': () => ({}),
  'PATCH /api/v1/account': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/agency/clients/:id': () => ({ name: 'Taken over' }),
  'POST /api/v1/agency/clients/:id/keys': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/subscribers/:id': () => ({ first_name: 'Mallory' }),
};

/** Routes that create a resource of the caller and name no resource of another account. */
const CREATING = [
  'POST /api/v1/lists',
  'POST /api/v1/agency/clients',
  'POST /api/v1/domains',
  'POST /api/v1/fields',
  'POST /api/v1/transports',
  'POST /api/v1/webhooks',
  'POST /api/v1/keys',
  'POST /api/v1/messages',
  'POST /api/v1/messages/batch',
  'POST /api/v1/suppressions',
  'POST /api/v1/suppressions/batch',
  'GET /api/v1/suppressions/export',
  'POST /api/v1/account/members',
  'POST /api/v1/templates',
];

const WITH_QUERY: Readonly<Record<string, (own: OwnedResources) => string>> = {
  '/api/v1/subscribers': (own) => `?list_id=${own['list']}&search=mine&tag=mine`,
  '/api/v1/messages': () => '?to=mine@example.com',
  '/api/v1/people/:email': (own) => `?campaign=${own['campaign']}`,
  '/api/v1/sent': () => '?email=mine@example.com',
  '/api/v1/events': (own) => `?subscriber_id=${own['subscriber']}`,
  '/api/v1/subscribers/export': (own) => `?list_id=${own['list']}`,
  '/api/v1/subscribers/:email': () => '?erase=true',
};

export function checkedRoutes(api: TestApi): { method: string; url: string }[] {
  return knownRoutes(api.app)
    .filter(({ method, url }) => /^\/api\/v1\/(?!external-mails)/.test(url) && method !== 'HEAD')
    .filter(({ method, url }) => !CREATING.includes(`${method} ${url}`));
}

/** The path with these things in the places of its parameters. */
export function concretePath(own: OwnedResources, url: string): string {
  const noun = NOUNS[url.split('/')[3] ?? ''] ?? 'list';
  const named = url.replace(':email', String(own['email'])).replace(/:\w+/g, String(own[noun] ?? 1));
  return named + (WITH_QUERY[url]?.(own) ?? '');
}

/** Everything an account owns, as the store has it. */
export async function storedRowsOf(api: TestApi, id: number): Promise<string> {
  const collections = (await api.store.db.collections()).map(({ collectionName }) => collectionName).sort();
  // Requests of the account's own are counted up to a second late; a collection without a row of theirs is nothing.
  const rows = collections
    .filter((name) => !['keys', 'stored_responses', 'counters', 'usage'].includes(name))
    .map((name) => api.store.db.collection(name).find({ account: id }).sort({ _id: 1 }).toArray());
  const account = await api.deps.accounts.find(id);
  const states = api.store.db.collection('keys').find({ account: id }).project({ state: 1 }).toArray();
  const theirs = (await Promise.all(rows)).filter((found) => found.length > 0);
  return JSON.stringify([account, theirs, await states]);
}

/** The key of another account, and the only values its responses may hold: its own. */
export interface OtherAccount {
  readonly key: string;
  readonly theirs: Readonly<Record<string, unknown>>;
}

/** Requests these resources on every route with the key of another account; returns the status of each. */
export async function requestEveryRoute(
  api: TestApi,
  own: OwnedResources,
  { key, theirs }: OtherAccount,
): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const { method, url } of checkedRoutes(api)) {
    const route = `${method} ${url}`;
    const payload = BODIES[route]?.(own);
    const call: Call = { ...(url.endsWith('/:id/imports') ? CSV : {}), key, ...(payload && { payload }) };
    const response = await api.call(`${method} ${concretePath(own, url)}`, call);
    statuses[route] = response.statusCode;
    expect(response.body, route).not.toMatch(/mine@example\.com|Newsletter/);
    if (response.statusCode === 200) expect(response.json().data, url).toEqual(theirs[url] ?? []);
  }
  return statuses;
}

export function ownResponsesOf(account: number, name: string, keys = 1): Record<string, unknown> {
  return {
    '/api/v1/templates': Array.from({ length: 6 }, () => expect.objectContaining({ is_system: true })),
    '/api/v1/keys': Array.from({ length: keys }, () => expect.objectContaining({ name })),
    // What the walk itself has changed of its own account.
    '/api/v1/audit': expect.any(Array),
    '/api/v1/account/brand': expect.objectContaining({ name: null, postal_address: null }),
    '/api/v1/account/voice': expect.objectContaining({ audience: null }),
    '/api/v1/providers/:name': expect.objectContaining({ username: 'mallory' }),
    '/api/v1/status': expect.objectContaining({ waiting: [], uncertain: { messages: 0, campaigns: [] }, webhooks: [] }),
    '/api/v1/account': expect.objectContaining({ id: account }),
    '/api/v1/account/usage': expect.objectContaining({ campaigns: { used: 0, limit: null, remaining: null } }),
    '/api/v1/agency': expect.objectContaining({ id: account }),
  };
}
