import { Failure } from '../../domain/errors.js';
import type { Api } from '../app.js';
import { principalOf } from '../auth.js';
import type { Deps } from '../deps.js';
import { demandDomains } from './domains.js';
import { demandLists } from './lists.js';

/** How far a key reaches: one that is restricted to lists or domains is refused beyond them, before anything is done. */
export function demandReach(app: Api, deps: Deps): void {
  app.addHook('preHandler', async (request) => {
    const { account, terms } = principalOf(request);
    if (terms.lists !== null) await demandLists(deps, account, terms.lists, request);
    if (terms.domains !== null) await demandDomains(deps, account, terms.domains, request);
  });
}

/** A restricted key could otherwise make itself a wider one. */
export function demandNarrow(scopes: readonly string[], restricted: boolean): void {
  if (!restricted || !scopes.includes('admin')) return;
  const sentence = 'The scopes of a key that is restricted to lists or domains cannot hold admin.';
  throw new Failure('validation_failed', { scopes: [sentence] });
}
