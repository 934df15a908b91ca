import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import type { List } from '../../../store/lists.js';
import type { Api } from '../../app.js';
import { accountOf, type Principal, principalOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { originOf } from '../../idempotency.js';
import { jsonIn } from '../../json.js';
import { type PageQuery, skipOf } from '../../paging.js';
import { bodyReader } from '../../validation.js';
import {
  Asked,
  AskedInBody,
  AskedInPath,
  about,
  ListMade,
  NamedList,
  NewList,
  OneList,
  refusals,
  Shown,
} from './schemas.js';
import { pageOf, recordOf, subscriberOf } from './view.js';

export function lists(api: Api, deps: Deps): void {
  createList(api, deps);
  getList(api, deps);
  showLists(api, deps);
}

function createList(api: Api, deps: Deps): void {
  api.post(
    '/create',
    {
      config: { scope: 'contacts', senderIn: 'none' },
      schema: { ...about, summary: 'Create a list', body: NewList, response: { 200: ListMade, ...refusals } },
    },
    async (request) => {
      if (principalOf(request).terms.lists !== null) throw new Failure('key_restricted');
      const { uid } = await deps.lists.create(accountOf(request), request.body.general, originOf(request));
      return { status: 'success', list_uid: uid };
    },
  );
}

function getList(api: Api, deps: Deps): void {
  api.post(
    '/get',
    {
      config: { scope: 'read' },
      schema: { ...about, summary: 'Retrieve a list', body: NamedList, response: { 200: OneList, ...refusals } },
    },
    async (request) => {
      const list = await listOf(deps, principalOf(request), request.body.list);
      return { status: 'success', data: { record: recordOf(list) } };
    },
  );
}

/** The UID may stand in the path, in the query or in a body. */
function showLists(api: Api, deps: Deps): void {
  const config = { scope: 'read' } as const;
  const schema = { ...about, querystring: Asked, response: { 200: Shown, ...refusals } };
  const answer = async (request: FastifyRequest, { UID, ...page }: PageQuery & { UID?: string }) => {
    const principal = principalOf(request);
    return {
      status: 'success',
      data: UID === undefined ? await everyList(deps, principal, page) : await everybody(deps, principal, UID, page),
    };
  };
  api.get('/show', { config, schema: { ...schema, summary: 'List lists, or who is on one' } }, async (request) =>
    answer(request, { ...(await uidBehind(request)), ...request.query }),
  );
  api.post(
    '/show',
    { config, schema: { ...schema, summary: 'The same, with the UID in the body', body: AskedInBody } },
    (request) => answer(request, { ...request.query, ...request.body }),
  );
  api.get(
    '/show/:uid',
    { config, schema: { ...schema, summary: 'List who is on a list', params: AskedInPath } },
    (request) => answer(request, { ...request.query, UID: request.params.uid }),
  );
}

const MOST_BYTES = 1_000;
const readBody = bodyReader(AskedInBody);

/** Some clients send a body with GET, which is read nowhere else. */
async function uidBehind({ raw, headers }: FastifyRequest): Promise<{ UID?: string }> {
  if (Number(headers['content-length'] ?? 0) === 0) return {};
  let text = '';
  for await (const part of raw) {
    text += String(part);
    if (text.length > MOST_BYTES) throw new Failure('payload_too_large');
  }
  const value = jsonIn(text);
  if (value === undefined) throw new Failure('malformed_json');
  return readBody(value) as { UID?: string };
}

async function listOf({ lists }: Deps, { account, terms }: Principal, uid: string): Promise<List> {
  const list = ours(await lists.withUid(account, uid));
  if (terms.lists !== null && !terms.lists.includes(list._id)) throw new Failure('key_restricted');
  return list;
}

async function everyList({ lists }: Deps, { account, terms }: Principal, page: PageQuery) {
  const all = await lists.ofAccount(account);
  const found = all.filter(({ _id }) => terms.lists === null || terms.lists.includes(_id));
  const records = found.slice(skipOf(page), skipOf(page) + page.per_page).map(recordOf);
  const meta = pageOf(page, found.length);
  return { ...meta, next_page: page.page < meta.total_pages ? page.page + 1 : 0, records };
}

async function everybody(deps: Deps, principal: Principal, uid: string, page: PageQuery) {
  const { account, _id: list } = await listOf(deps, principal, uid);
  const { found, total } = await deps.subscribers.page(account, { list }, skipOf(page), page.per_page);
  return { ...pageOf(page, total), records: found.map(subscriberOf) };
}
