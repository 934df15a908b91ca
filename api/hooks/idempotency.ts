import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import { canonicalJson } from '../../domain/json.js';
import { type Admission, type Claim, newClaim } from '../../store/requests/stored-responses.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { accountOf } from './auth.js';
import { isCutOff } from './limits/store-outage.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The row that the route creates holds the key and decides alone, so that a request costs no second row. */
    keyInRow?: true;
    /** The response holds a secret that is shown once, so it is never stored. */
    secretResponse?: true;
    /** The route streams a file, and claims the key with `claimUpload` once it knows the file's hash. */
    claimsUpload?: true;
  }
}

/** The claim of each request that has one or asks for one. */
const claims = new WeakMap<FastifyRequest, Claim>();
/** What each of these requests waits for: first its claim, then its handler. */
const work = new WeakMap<FastifyRequest, Promise<unknown>>();

/**
 * `Idempotency-Key` on every POST: the key is claimed before the work starts, and the response is stored before it is sent.
 * A refusal frees the key again. After a failure the outcome is unknown: the key stays reserved for the same request,
 * which resumes the work, once that of the first request has ended.
 */
export function enforceIdempotency(app: Api, { storedResponses }: Pick<Deps, 'storedResponses'>): void {
  followHandlers(app);

  app.addHook('preHandler', async (request, reply) => {
    const { keyInRow, claimsUpload } = request.routeOptions.config;
    const key = request.method === 'POST' ? keyOf(request) : undefined;
    if (key === undefined || keyInRow === true || claimsUpload === true) return;
    const repeated = await claimKey({ storedResponses }, request, key, fingerprintOf(request));
    if (repeated !== undefined) return replay(repeated, reply);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = claims.get(request);
    if (claim === undefined) return;
    claims.delete(request);
    if (isCutOff(request)) {
      // The store does not respond: nothing may delay the response.
      void storedResponses.abandon(accountOf(request), claim, work.get(request));
      return;
    }
    const secret = request.routeOptions.config.secretResponse === true;
    const response = { status: reply.statusCode, body: typeof payload === 'string' ? payload : '', secret };
    // The work is done: a failed write of the key must not turn the response into a failure.
    await settle(storedResponses, accountOf(request), claim, response).catch((error: unknown) =>
      request.log.error(
        { err: error },
        'the response for an Idempotency-Key was not stored; the request itself is done',
      ),
    );
  });
}

/** Notes the work of each handler. A request that was answered while it waited for its claim is not handled. */
function followHandlers(app: Api): void {
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    if (route.method !== 'POST' || route.config?.keyInRow === true) return;
    route.handler = function (request, reply) {
      if (isCutOff(request)) return reply;
      const result = handler.call(this, request, reply);
      work.set(request, Promise.resolve(result));
      return result;
    };
  });
}

/** The answer to a request that repeats another one. */
export type Repeated = Exclude<Admission, { kind: 'go' }>;

/** Undefined: the work may begin. The claim is known before it is granted, so that it can be given up at any time. */
async function claimKey(
  { storedResponses }: Pick<Deps, 'storedResponses'>,
  request: FastifyRequest,
  key: string,
  fingerprint: string,
): Promise<Repeated | undefined> {
  const account = accountOf(request);
  const claim = newClaim(account, routeOf(request), key);
  claims.set(request, claim);
  const admitting = storedResponses.admit(account, claim, fingerprint);
  if (!work.has(request)) work.set(request, admitting);
  const admission = await admitting;
  if (admission.kind === 'go') claims.set(request, admission.claim);
  else claims.delete(request);
  return admission.kind === 'go' ? undefined : admission;
}

/**
 * Claims the key of an upload: `content` tells two files apart. Undefined: the work may begin; else the request repeats another
 * one, and `replay` answers it.
 */
export async function claimUpload(
  deps: Pick<Deps, 'storedResponses'>,
  request: FastifyRequest,
  content: unknown,
): Promise<Repeated | undefined> {
  const key = keyOf(request);
  if (key === undefined) return undefined;
  if (isCutOff(request)) throw new Failure('unavailable');
  const { api_key: _key, ...fields } = request.query as Record<string, unknown>;
  return claimKey(deps, request, key, hashOf([fields, content]));
}

interface StoredResponse {
  readonly status: number;
  readonly body: string;
  readonly secret: boolean;
}

function settle(
  replies: Deps['storedResponses'],
  account: number,
  claim: Claim,
  { status, body, secret }: StoredResponse,
) {
  if (status >= 500) return replies.abandon(account, claim);
  if (status >= 400) return replies.release(account, claim);
  return replies.save(account, claim, status, secret ? undefined : body);
}

/** The claim under which a row is created. A repeat after a crash has the same claim and finds the row. */
export function originOf(request: FastifyRequest): string | undefined {
  return claims.get(request)?.origin;
}

const REFUSALS = {
  in_flight: 'in_flight',
  other_request: 'idempotency_key_reused',
  secret: 'secret_already_shown',
} as const;

export function replay(admission: Repeated, reply: FastifyReply): FastifyReply {
  if (admission.kind !== 'replay') {
    if (admission.kind === 'in_flight') reply.header('retry-after', '1');
    throw new Failure(REFUSALS[admission.kind]);
  }
  markReplayed(reply).code(admission.status);
  if (admission.body === '') return reply.send();
  return reply
    .type('application/json; charset=utf-8')
    .serializer((body: string) => body)
    .send(admission.body);
}

/** Tells the caller that an earlier request under the same key is answered. */
export function markReplayed(reply: FastifyReply): FastifyReply {
  return reply.header('idempotent-replayed', 'true');
}

/** The caller's Idempotency-Key; undefined if absent. */
export function keyOf(request: FastifyRequest): string | undefined {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return undefined;
  // The draft RFC asks for a quoted string; most clients send a bare one.
  const key = /^"(.*)"$/.exec(String(given))?.[1] ?? String(given);
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Failure('invalid_idempotency_key');
  return key;
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.url.replace(/\?.*$/s, '').replace(/(?<!\/)\/+$/, '')}`;
}

/** SHA-256 of the request. */
function fingerprintOf({ query, body }: FastifyRequest): string {
  const { api_key: _key, ...fields } = query as Record<string, unknown>;
  const content = Buffer.isBuffer(body) ? createHash('sha256').update(body).digest('hex') : body;
  return hashOf([fields, content]);
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
