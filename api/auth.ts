import type { FastifyRequest } from 'fastify';
import { now } from '../clock.js';
import { Failure, type FailureCode } from '../domain/errors.js';
import { mayBeUsed, standingOf } from '../domain/key.js';
import type { Key } from '../store/keys.js';
import type { Api } from './app.js';
import type { Deps } from './deps.js';

/** Who sends a request. */
export interface Principal {
  readonly account: number;
  readonly key: number;
  readonly terms: Pick<Key, 'scopes' | 'lists' | 'domains' | 'per_minute'>;
}

/** How an API wants its keys sent. */
export interface Credentials {
  /** Undefined where there is none, or one that cannot be a key. */
  readonly secretOf: (request: FastifyRequest) => string | undefined;
  /** Whether what is sent beside the key belongs to it. */
  readonly fits?: (request: FastifyRequest, key: Key) => boolean;
  /** What a key that could be one, but is not known, is told. */
  readonly unknown?: FailureCode;
}

const principals = new WeakMap<FastifyRequest, Principal>();

/** `Authorization: Bearer …`, or `?api_key=` for a try in a browser. */
const BEARER: Credentials = { secretOf: bearerOf };

/** Every route registered after this needs a key. */
export function authenticate(app: Api, { keys }: Pick<Deps, 'keys'>, credentials: Credentials = BEARER): void {
  const { secretOf, fits = () => true, unknown = 'unauthenticated' } = credentials;
  app.addHook('onRequest', async (request, reply) => {
    const secret = secretOf(request);
    const key = secret === undefined ? null : await keys.whoSends(secret);
    const refusal = refusalOf(key !== null && fits(request, key) ? key : null);
    if (key !== null && refusal === undefined) {
      principals.set(request, { account: key.account, key: key._id, terms: key });
      return;
    }
    reply.header('www-authenticate', 'Bearer realm="everpost"');
    throw new Failure(refusal === 'unauthenticated' && secret !== undefined ? unknown : (refusal ?? 'unauthenticated'));
  });
}

function refusalOf(key: Key | null): FailureCode | undefined {
  if (key === null) return 'unauthenticated';
  const standing = standingOf(key, now());
  if (mayBeUsed(standing)) return undefined;
  return standing === 'expired' ? 'key_expired' : 'key_revoked';
}

/** The account a request acts for. */
export function accountOf(request: FastifyRequest): number {
  return principalOf(request).account;
}

export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Failure('unauthenticated');
  return principal;
}

function bearerOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer +([\x21-\x7e]{20,128})$/i.exec(authorization.trim())?.[1];
  return secretIn((request.query as { api_key?: unknown }).api_key);
}

/** What could be a key; undefined for everything else. */
export function secretIn(given: unknown): string | undefined {
  return typeof given === 'string' && /^[\x21-\x7e]{20,128}$/.test(given) ? given : undefined;
}
