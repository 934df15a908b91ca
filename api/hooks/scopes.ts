import { allows, type Scope } from '../../domain/account/key.js';
import { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import { principalOf } from './auth.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope of a route of a dialect: its path does not determine one. */
    scope?: Scope;
  }
}

interface Rule {
  /** The first part of the path after `/api/v1`. */
  readonly noun: RegExp;
  /** The scope for GET. */
  readonly reading: Scope;
  /** The scope for all other methods. */
  readonly changing: Scope;
}

/** The scope of each route; the first match counts, and every route must have one. */
const SCOPE_RULES: readonly Rule[] = [
  { noun: /^(keys|audit|agency|providers)$/, reading: 'admin', changing: 'admin' },
  { noun: /^(lists|subscribers|people|imports|suppressions)$/, reading: 'read', changing: 'contacts' },
  { noun: /^fields$/, reading: 'read', changing: 'admin' },
  { noun: /^inbound$/, reading: 'read', changing: 'contacts' },
  { noun: /^(campaigns|messages|templates|newsletters|drafts)$/, reading: 'read', changing: 'send' },
  { noun: /^(account|domains|transports|webhooks|members)$/, reading: 'read', changing: 'admin' },
  { noun: /^(events|sent|status)$/, reading: 'read', changing: 'admin' },
];

export function scopeOf(method: string, url: string): Scope | undefined {
  const noun = /^\/api\/v1\/([^/:?]+)/.exec(url)?.[1] ?? '';
  const rule = SCOPE_RULES.find((each) => each.noun.test(noun));
  return method === 'GET' || method === 'HEAD' ? rule?.reading : rule?.changing;
}

/** Requires the route's scope on every route registered afterwards. */
export function demandScopes(app: Api): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const unscoped = [method].flat().find((each) => (config?.scope ?? scopeOf(each, url)) === undefined);
    if (unscoped !== undefined)
      throw new Error(`${unscoped} ${url} has no scope: add a rule for its noun in api/hooks/scopes.ts`);
  });
  app.addHook('onRequest', async (request) => {
    const { url, method, config } = request.routeOptions;
    const needed = url === undefined ? undefined : (config.scope ?? scopeOf([method].flat()[0] ?? 'GET', url));
    if (needed === undefined || allows(principalOf(request).keySettings.scopes, needed)) return;
    throw new Failure('missing_scope', undefined, `The API key does not have the scope "${needed}".`);
  });
}
