import type { FastifyContextConfig, FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { principalOf } from './auth.js';
import { demandAllowedDomains, sendersOf } from './key-domains.js';
import { scopeOf } from './scopes.js';

/** Refuses requests beyond the lists or domains of a restricted key, before any work. */
export function demandKeyRestrictions(app: Api, deps: Deps): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const bare = [method].flat().find((each) => lacksSenders(each, url, config));
    if (bare !== undefined) throw new Error(`${bare} ${url} has no sender rule: add one in api/hooks/key-domains.ts`);
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

type Stores = Pick<Deps, 'campaigns' | 'subscribers' | 'imports' | 'newsletters'>;

/** Resources that belong to a list. For all others a key that is restricted to lists is limited by its scopes only. */
const LIST_ROUTES = /^\/api\/v1\/(lists|subscribers|imports|campaigns|newsletters|suppressions|events|sent)\b/;

/** Throws `key_restricted` unless every resource that the request names belongs to these lists. */
async function demandAllowedLists(
  stores: Stores,
  account: number,
  lists: readonly number[],
  request: FastifyRequest,
): Promise<void> {
  const url = request.routeOptions.url ?? '';
  if (!LIST_ROUTES.test(url)) return;
  // The route itself filters the lists that it returns.
  if (request.method === 'GET' && url === '/api/v1/lists') return;
  const requested = [...listsInRequest(request), ...(await listsOfRow(stores, account, url, request))];
  if (requested.length === 0) throw restricted('This API key is restricted to lists: name one of them as list_id.');
  const other = requested.find((id) => !lists.includes(id));
  if (other !== undefined) throw restricted(`This API key is not for list ${other}.`);
}

function restricted(sentence: string): Failure {
  return new Failure('key_restricted', undefined, sentence);
}

/** The lists that the request names itself. */
function listsInRequest({ query, body }: FastifyRequest): number[] {
  return [query, body].flatMap((part) => {
    const { list_id: id } = { ...(part as Record<string, unknown> | null) };
    return typeof id === 'number' ? [id] : [];
  });
}

/** The list of the row in the path; the route answers for a row that does not exist. */
async function listsOfRow(stores: Stores, account: number, url: string, request: FastifyRequest): Promise<number[]> {
  const [, noun, param] = /^\/api\/v1\/([a-z]+)\/:([a-z]+)\b/.exec(url) ?? [];
  if (noun === undefined || param !== 'id') return [];
  const { id } = request.params as { readonly id: number };
  if (noun === 'lists') return [id];
  const found = await rowOf(stores, account, noun, id);
  if (found === undefined) return [];
  if (found === null || typeof found === 'string') throw new Failure('not_found');
  return [found.list_id];
}

async function rowOf(
  { campaigns, subscribers, imports, newsletters }: Stores,
  account: number,
  noun: string,
  id: number,
) {
  if (noun === 'campaigns') return campaigns.find(account, id);
  if (noun === 'newsletters') return newsletters.find(account, id);
  if (noun === 'subscribers') return subscribers.find(account, id);
  if (noun === 'imports') return imports.find(account, id);
  return undefined;
}
