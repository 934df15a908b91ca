import type { FastifyContextConfig } from 'fastify';
import { demandPermittedLists, demandPermittedSenders } from '../../../services/key-permissions.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { principalOf } from '../auth.js';
import { scopeOf } from '../scopes.js';
import { concernsWholeAccount, listsOf } from './lists.js';
import { sendersIn, sendersOf } from './senders.js';

/** Refuses requests beyond the lists or domains of a restricted key, before any work. */
export function demandKeyRestrictions(app: Api, deps: Deps): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const bare = [method].flat().find((each) => lacksSenders(each, url, config));
    if (bare !== undefined) throw new Error(`${bare} ${url} has no sender rule: add one in api/hooks/keys/senders.ts`);
  });
  app.addHook('onRequest', async (request) => {
    const { keySettings } = principalOf(request);
    // Only for keys with lists: finding the rule of a route takes longer than the rest of the check.
    if (keySettings.lists === null) return;
    if (concernsWholeAccount(request)) demandPermittedLists(keySettings, 'whole_account');
  });
  app.addHook('preHandler', async (request) => {
    const { account, keySettings } = principalOf(request);
    if (keySettings.lists !== null) demandPermittedLists(keySettings, await listsOf(deps, account, request));
    if (keySettings.domains !== null) demandPermittedSenders(keySettings, await sendersIn(deps, account, request));
  });
}

/** Checks that every route open to a restricted key has a rule for its sender. */
function lacksSenders(method: string, url: string, config: Partial<FastifyContextConfig> = {}): boolean {
  const scope = config.scope ?? scopeOf(method, url);
  const isOpen = method !== 'GET' && method !== 'HEAD' && (scope === 'contacts' || scope === 'send');
  return isOpen && config.senderIn === undefined && sendersOf(method, url) === undefined;
}
