import type { FastifyContextConfig } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import type { Api } from '../../api.js';
import { sendersOf } from '../../reach/senders.js';
import type { Deps } from '../../wiring.js';
import { principalOf } from '../auth.js';
import { scopeOf } from '../scopes.js';
import { demandAllowedDomains } from './domains.js';
import { demandAllowedLists } from './lists.js';

/** Refuses requests beyond the lists or domains of a restricted key, before any work. */
export function demandKeyRestrictions(app: Api, deps: Deps): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const bare = [method].flat().find((each) => lacksSenders(each, url, config));
    if (bare !== undefined) throw new Error(`${bare} ${url} has no sender rule: add one in api/reach/senders.ts`);
  });
  app.addHook('preHandler', async (request) => {
    const { account, keySettings } = principalOf(request);
    if (keySettings.lists !== null) await demandAllowedLists(deps, account, keySettings.lists, request);
    if (keySettings.domains !== null) await demandAllowedDomains(deps, account, keySettings.domains, request);
  });
}

/** Checks that every route open to a restricted key has a rule for its sender. */
function lacksSenders(method: string, url: string, config: Partial<FastifyContextConfig> = {}): boolean {
  const scope = config.scope ?? scopeOf(method, url);
  const isOpen = method !== 'GET' && method !== 'HEAD' && (scope === 'contacts' || scope === 'send');
  return isOpen && config.senderIn === undefined && sendersOf(method, url) === undefined;
}

/** Otherwise a restricted key could create a key with more rights. */
export function demandNoAdminScope(scopes: readonly string[], restricted: boolean): void {
  if (!restricted || !scopes.includes('admin')) return;
  const sentence = 'The scopes of a key that is restricted to lists or domains cannot hold admin.';
  throw new Failure('validation_failed', { scopes: [sentence] });
}
