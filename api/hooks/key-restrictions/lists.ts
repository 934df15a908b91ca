import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import type { Deps } from '../../wiring.js';

type Stores = Pick<Deps, 'campaigns' | 'subscribers' | 'imports' | 'newsletters'>;

/** Resources that belong to a list. For all others a key that is restricted to lists is limited by its scopes only. */
const LIST_ROUTES = /^\/api\/v1\/(lists|subscribers|imports|campaigns|newsletters|suppressions|events|sent)\b/;

/** Throws `key_restricted` unless every resource that the request names belongs to these lists. */
export async function demandAllowedLists(
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
