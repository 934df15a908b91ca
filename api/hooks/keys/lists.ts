import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import type { RequestedLists } from '../../../services/key-permissions.js';
import type { Deps } from '../../wiring.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route of a dialect answers with the lists of the key only. Without it, it is about the whole account. */
    lists?: 'own_lists';
  }
}

/** How a route is about lists. `named`: by `list_id`. `path`: the list in the path. Otherwise the noun of the row in the path. */
type Rule = 'own_lists' | 'named' | 'path' | 'campaigns' | 'newsletters' | 'subscribers' | 'imports';

/** The routes that a key restricted to lists may use; every other route is about the whole account. */
const RULES: readonly (readonly [route: RegExp, rule: Rule])[] = [
  [/^GET \/(lists|people\/:email)$/, 'own_lists'],
  [/^(GET|PATCH|DELETE) \/lists\/:id$/, 'path'],
  [/^POST \/lists\/:id\/imports$/, 'path'],
  [/^(GET|POST) \/subscribers$/, 'named'],
  [/^(POST \/subscribers\/batch|GET \/subscribers\/export|DELETE \/subscribers\/:email)$/, 'named'],
  [/^(GET|PATCH) \/subscribers\/:id$/, 'subscribers'],
  [/^GET \/imports$/, 'named'],
  [/^GET \/imports\/:id(\/errors\.csv)?$/, 'imports'],
  [/^(GET|POST) \/(campaigns|newsletters)$/, 'named'],
  [/^(GET|PATCH|DELETE) \/campaigns\/:id$/, 'campaigns'],
  [/^POST \/campaigns\/:id\/(send|schedule|pause|resume|cancel|rate|retry|approve|reject)$/, 'campaigns'],
  [/^(GET|POST) \/campaigns\/:id\/(preview|drafts)$/, 'campaigns'],
  [/^POST \/campaigns\/:id\/(preview\/link|check|test|drafts\/:n\/choose)$/, 'campaigns'],
  [/^GET \/campaigns\/:id\/(recipients|stats)$/, 'campaigns'],
  [/^(GET|PATCH|DELETE) \/newsletters\/:id$/, 'newsletters'],
  [/^(POST \/newsletters\/:id\/(pause|resume|trigger)|PUT \/newsletters\/:id\/data)$/, 'newsletters'],
  [/^GET \/newsletters\/:id\/(next|issues)$/, 'newsletters'],
];

type Stores = Pick<Deps, 'campaigns' | 'subscribers' | 'imports' | 'newsletters'>;

/** Whether the route is about the whole account; known before the body is read. */
export function concernsWholeAccount(request: FastifyRequest): boolean {
  return ruleOf(request) === undefined;
}

/** The lists that a request names, itself or by the row in its path. */
export async function listsOf(stores: Stores, account: number, request: FastifyRequest): Promise<RequestedLists> {
  const rule = ruleOf(request);
  if (rule === undefined) return 'whole_account';
  if (rule === 'own_lists') return rule;
  const named = listsNamed(request);
  if (rule === 'named') return named;
  const { id } = request.params as { readonly id: number };
  return [...named, rule === 'path' ? id : await listOfRow(stores[rule], account, id)];
}

function ruleOf({ method, routeOptions: { url = '', config } }: FastifyRequest): Rule | undefined {
  if (config.lists !== undefined || !url.startsWith('/api/v1/')) return config.lists;
  const route = `${method === 'HEAD' ? 'GET' : method} ${url.replace('/api/v1', '')}`;
  return RULES.find(([pattern]) => pattern.test(route))?.[1];
}

/** The lists in `list_id` of the query and the body. */
function listsNamed({ query, body }: FastifyRequest): number[] {
  return [query, body].flatMap((part) => {
    const { list_id: id } = { ...(part as Record<string, unknown> | null) };
    return typeof id === 'number' ? [id] : [];
  });
}

interface Rows {
  find(account: number, id: number): Promise<{ readonly list_id: number } | string | null>;
}

async function listOfRow(rows: Rows, account: number, id: number): Promise<number> {
  const found = await rows.find(account, id);
  if (found === null || typeof found === 'string') throw new Failure('not_found');
  return found.list_id;
}
