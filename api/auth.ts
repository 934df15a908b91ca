import type { FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';
import type { Api } from './app.js';
import type { Deps } from './deps.js';

/** Who sends a request. */
export interface Principal {
  readonly account: number;
  readonly key: number;
}

const principals = new WeakMap<FastifyRequest, Principal>();

/** Every route registered after this needs a key: `Authorization: Bearer …`, or `?api_key=` for a try in a browser. */
export function authenticate(app: Api, { keys }: Pick<Deps, 'keys'>): void {
  app.addHook('onRequest', async (request, reply) => {
    const secret = secretOf(request);
    const key = secret === undefined ? null : await keys.whoSends(secret);
    if (key?.state === 'active') {
      principals.set(request, { account: key.account, key: key._id });
      return;
    }
    reply.header('www-authenticate', 'Bearer realm="everpost"');
    throw new Failure(key === null ? 'unauthenticated' : 'key_revoked');
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
