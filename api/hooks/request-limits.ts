import underPressure from '@fastify/under-pressure';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { planOf } from '../../domain/account/plan.js';
import { Failure } from '../../domain/errors.js';
import type { AccountStatus } from '../../store/accounts/accounts.js';
import { countOf, overOrFailed, type RequestCount, type RequestLimits } from '../../store/requests/request-limits.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { principalOf } from './auth.js';
import type { TimeLimits } from './limits/time-limits.js';

/** Whether a request sends messages, and changes nothing else. */
export function isSending({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return method === 'POST' && SENDING.test(url.replace(/^\/api\/v1/, ''));
}

/** A class of routes with its own limit, in requests per minute and key. */
interface Limit {
  readonly name: string;
  readonly perMinute: number;
  readonly covers: (method: string, path: string, body: unknown) => boolean;
}

const requestsDraft = (body: unknown) => ({ ...(body as { readonly ai?: unknown } | null) }).ai != null;

/** Messages, and the sending routes of dialects. */
const SENDING =
  /^\/(?:messages(?:\/batch)?|singlesending\/create|email\/send-email|external-mails\/send(?:-by-template)?)\/?$/;

/** Limits that no key and no setting raises; the first match counts. */
const FIXED_LIMITS: readonly Limit[] = [
  {
    name: 'drafts',
    perMinute: 10,
    covers: (method, path, body) =>
      method === 'POST' && (/^\/campaigns\/:id\/drafts$/.test(path) || (path === '/campaigns' && requestsDraft(body))),
  },
  { name: 'sends', perMinute: 5, covers: (method, path) => method === 'POST' && path === '/campaigns/:id/send' },
  { name: 'batches', perMinute: 20, covers: (method, path) => method === 'POST' && path === '/subscribers/batch' },
  {
    name: 'messages',
    perMinute: 5_000,
    covers: (method, path) => method === 'POST' && SENDING.test(path),
  },
];

/** The routes that Maily's documents describe, with the limit that they describe. */
const MAILY_ROUTES =
  /^(?:GET \/lists|(?:GET|POST) \/subscribers|DELETE \/subscribers\/:email|GET \/templates|(?:GET|POST) \/campaigns|(?:GET|DELETE) \/campaigns\/:id)$/;
const MAILY_PER_MINUTE = 60;
const OTHERS_PER_MINUTE = 600;

/** Requests per minute and address to routes without a key: a guard against floods, well above what mailbox proxies send. */
const PER_ADDRESS = 30_000;
const MINUTE = 60;

type LimitedDeps = Pick<Deps, 'config'> & { readonly requestLimits: RequestLimits };

/**
 * Counts the requests of a key over all processes of the API, after validation and before any work.
 * `RATE_LIMIT_PER_MINUTE=0` turns every limit off.
 */
export function limitKeys(app: Api, { config, requestLimits }: LimitedDeps): void {
  if (config.rateLimitPerMinute === 0) return;
  app.addHook('preHandler', async (request, reply) => {
    const { key, keySettings, accountStatus } = principalOf(request);
    const { name, perMinute } = limitOf(request, keySettings.per_minute ?? config.rateLimitPerMinute);
    const counted = await requestLimits.count(name, perMinute, String(key));
    applyPolicy(reply, { name, limit: perMinute, seconds: MINUTE }, counted);
    await limitAccount(requestLimits, reply, accountStatus);
  });
}

/** The limit of a route of its own; else `chosen`, by the key or the installation, for all others together; else by route. */
function limitOf(
  { method, body, routeOptions: { url = '' } }: FastifyRequest,
  chosen: number | undefined,
): Pick<Limit, 'name' | 'perMinute'> {
  const path = url.replace(/^\/api\/v1/, '');
  const fixed = FIXED_LIMITS.find(({ covers }) => covers(method, path, body));
  if (fixed !== undefined) return fixed;
  if (chosen !== undefined) return { name: 'default', perMinute: chosen };
  const isMaily = url.startsWith('/api/v1/') && MAILY_ROUTES.test(`${method === 'HEAD' ? 'GET' : method} ${path}`);
  return isMaily ? { name: 'maily', perMinute: MAILY_PER_MINUTE } : { name: 'default', perMinute: OTHERS_PER_MINUTE };
}

/** The limit that a plan sets for all keys of an account together. */
async function limitAccount(
  requestLimits: RequestLimits,
  reply: FastifyReply,
  accountStatus: AccountStatus,
): Promise<void> {
  const { requests_per_minute: most } = planOf(accountStatus);
  if (most === null) return;
  const counted = await requestLimits.count('plan', most, `account ${accountStatus._id}`);
  if (counted.over) applyPolicy(reply, { name: 'plan', limit: most, seconds: MINUTE }, counted);
}

/** Counts the requests of an address within a second over all processes of the API, as `limitKeys` does for a key. */
export function limitBursts(app: Api, { config, requestLimits }: LimitedDeps, perSecond: number): void {
  if (config.rateLimitPerMinute === 0) return;
  app.addHook('preHandler', async (request, reply) => {
    const policy = { name: 'bursts', limit: perSecond, seconds: 1 };
    applyPolicy(reply, policy, await requestLimits.count(policy.name, perSecond, request.ip, 1));
  });
}

/** Counts the requests of an address outside `/api/v1`, in this process only. */
export function limitAddresses(app: Api, { config }: Pick<Deps, 'config'>): void {
  if (config.rateLimitPerMinute === 0) return;
  const policy = { name: 'address', limit: PER_ADDRESS, seconds: MINUTE };
  const counter = new RateLimiterMemory({ points: PER_ADDRESS, duration: MINUTE });
  app.addHook('onRequest', async (request: FastifyRequest, reply) => {
    if (/^\/api\/v1(\/|$)/.test(request.url)) return;
    const counted = counter.consume(request.ip);
    applyPolicy(reply, policy, await counted.then((result) => countOf(result, false)).catch(overOrFailed));
  });
}

interface Policy {
  readonly name: string;
  readonly limit: number;
  readonly seconds: number;
}

/** The fields of draft-ietf-httpapi-ratelimit-headers, as structured fields (RFC 9651). */
function applyPolicy(reply: FastifyReply, { name, limit, seconds }: Policy, { left, over, ms }: RequestCount): void {
  const wait = Math.max(1, Math.ceil(ms / 1000));
  reply.header('ratelimit-policy', `"${name}";q=${limit};w=${seconds}`);
  reply.header('ratelimit', `"${name}";r=${left};t=${wait}`);
  if (!over) return;
  reply.header('retry-after', String(wait));
  throw new Failure('rate_limited');
}

/** Health probes are always answered: a busy process must not look like a dead one. */
const PROBES = /^\/(health|ready|metrics)$/;

/** Refuses requests while the event loop lags: queued requests would slow down all others. */
export async function refuseWhenOverloaded(app: Api, { loopDelay }: Pick<TimeLimits, 'loopDelay'>): Promise<void> {
  if (loopDelay === 0) return;
  await app.register(underPressure, {
    maxEventLoopDelay: loopDelay,
    sampleInterval: 500,
    pressureHandler: (request, _reply, _type, delay) => {
      // No measurement yet: not overloaded.
      if (!Number.isFinite(delay)) return;
      if (!PROBES.test(request.routeOptions.url ?? '')) throw new Failure('overloaded');
    },
  });
}
