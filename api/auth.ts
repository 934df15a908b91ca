import type { FastifyRequest } from 'fastify';
import { now } from '../clock.js';
import { Failure } from '../domain/errors.js';
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

const principals = new WeakMap<FastifyRequest, Principal>();

/** Every route registered after this needs a key: `Authorization: Bearer …`, or `?api_key=` for a try in a browser. */
export function authenticate(app: Api, { keys }: Pick<Deps, 'keys'>): void {
  app.addHook('onRequest', async (request, reply) => {
    const secret = secretOf(request);
    const key = secret === undefined ? null : await keys.whoSends(secret);
    const standing = key === null ? undefined : standingOf(key, now());
    if (key !== null && standing !== undefined && mayBeUsed(standing)) {
      principals.set(request, { account: key.account, key: key._id, terms: key });
      return;
    }
    reply.header('www-authenticate', 'Bearer realm="everpost"');
    if (standing === undefined) throw new Failure('unauthenticated');
    throw new Failure(standing === 'expired' ? 'key_expired' : 'key_revoked');
  });
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

function secretOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer +([\x21-\x7e]{20,128})$/i.exec(authorization.trim())?.[1];
  const { api_key: given } = request.query as { api_key?: unknown };
  return typeof given === 'string' && /^[\x21-\x7e]{20,128}$/.test(given) ? given : undefined;
}
