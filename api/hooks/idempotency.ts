import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { canonicalJson } from '../../domain/canonical-json.js';
import { Failure } from '../../domain/errors.js';
import type { Admission, Claim } from '../../store/requests/stored-responses.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { accountOf } from './auth.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer holds a secret that is shown once: it is never stored. */
    secretResponse?: true;
  }
}

const claims = new WeakMap<FastifyRequest, Claim>();

/**
 * `Idempotency-Key` on every POST: the key is claimed before anything is done, the answer is stored before it leaves.
 * Refusals are not stored; their key is free again. A failure may have happened behind the deed: its key is kept for
 * the same request, which takes over what was begun.
 */
export function enforceIdempotency(app: Api, { storedResponses }: Pick<Deps, 'storedResponses'>): void {
  app.addHook('preHandler', async (request, reply) => {
    const key = request.method === 'POST' ? keyOf(request) : undefined;
    if (key === undefined) return;
    const admission = await storedResponses.admit(accountOf(request), routeOf(request), key, fingerprintOf(request));
    if (admission.kind === 'go') claims.set(request, admission.claim);
    else return replay(admission, reply);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = claims.get(request);
    if (claim === undefined) return;
    claims.delete(request);
    const secret = request.routeOptions.config.secretResponse === true;
    const response = { status: reply.statusCode, body: typeof payload === 'string' ? payload : '', secret };
    // What was done is done: losing the note must not turn the answer into a failure.
    await settle(storedResponses, accountOf(request), claim, response).catch((error: unknown) =>
      request.log.error({ err: error }, 'an Idempotency-Key could not be settled'),
    );
  });
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

/** The claim under which a row is made; the same for a repeat after a crash, so that the row can be found again. */
export function originOf(request: FastifyRequest): string | undefined {
  return claims.get(request)?.origin;
}

const REFUSALS = {
  in_flight: 'in_flight',
  other_request: 'idempotency_key_reused',
  secret: 'secret_already_shown',
} as const;

function replay(admission: Exclude<Admission, { kind: 'go' }>, reply: FastifyReply): FastifyReply {
  if (admission.kind !== 'replay') {
    if (admission.kind === 'in_flight') reply.header('retry-after', '1');
    throw new Failure(REFUSALS[admission.kind]);
  }
  reply.code(admission.status).header('idempotent-replayed', 'true');
  if (admission.body === '') return reply.send();
  return reply
    .type('application/json; charset=utf-8')
    .serializer((body: string) => body)
    .send(admission.body);
}

/** The caller's Idempotency-Key; undefined where there is none. */
export function keyOf(request: FastifyRequest): string | undefined {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return undefined;
  // The draft asks for a quoted string, most clients send it bare.
  const key = /^"(.*)"$/.exec(String(given))?.[1] ?? String(given);
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Failure('invalid_idempotency_key');
  return key;
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.url.replace(/\?.*$/s, '').replace(/(?<!\/)\/+$/, '')}`;
}

/** SHA-256 of what was asked for; an upload, not read yet, is told apart by its length. */
function fingerprintOf({ query, body, headers }: FastifyRequest): string {
  const { api_key: _key, ...fields } = query as Record<string, unknown>;
  const length = /^application\/json\b/i.test(headers['content-type'] ?? '') ? null : headers['content-length'];
  const content = Buffer.isBuffer(body) ? createHash('sha256').update(body).digest('hex') : body;
  return createHash('sha256')
    .update(canonicalJson([fields, content, length]))
    .digest('hex');
}
