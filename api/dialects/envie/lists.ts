import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import { demandPermittedLists } from '../../../services/key-permissions.js';
import type { List } from '../../../store/lists/lists.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import type { Api } from '../../api.js';
import { accountOf, type Principal, principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { jsonIn } from '../../hooks/json-bodies.js';
import { bodyReader } from '../../hooks/validation.js';
import { type PageQuery, skipOf } from '../../schema/paging.js';
import { timestamp } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import {
  ListCreated,
  ListReference,
  ListResponse,
  NewList,
  refusals,
  routeDefaults,
  ShowBody,
  ShowPath,
  ShowQuery,
  ShowResponse,
} from './schemas.js';

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
      schema: {
        ...routeDefaults,
        summary: 'Create a list',
        body: NewList,
        response: { 200: ListCreated, ...refusals },
      },
    },
    async (request) => {
      const { uid } = await deps.lists.create(accountOf(request), request.body.general, originOf(request));
      return { status: 'success', list_uid: uid };
    },
  );
}

function getList(api: Api, deps: Deps): void {
  api.post(
    '/get',
    {
      config: { scope: 'read', lists: 'own_lists' },
      schema: {
        ...routeDefaults,
        summary: 'Retrieve a list',
        body: ListReference,
        response: { 200: ListResponse, ...refusals },
      },
    },
    async (request) => {
      const list = await listOf(deps, principalOf(request), request.body.list);
      return { status: 'success', data: { record: recordOf(list) } };
    },
  );
}

/** The UID may be in the path, in the query or in a body. */
function showLists(api: Api, deps: Deps): void {
  const config = { scope: 'read', lists: 'own_lists' } as const;
  const schema = { ...routeDefaults, querystring: ShowQuery, response: { 200: ShowResponse, ...refusals } };
  const respond = async (request: FastifyRequest, { UID, ...page }: PageQuery & { UID?: string }) => {
    const principal = principalOf(request);
    return {
      status: 'success',
      data:
        UID === undefined ? await allLists(deps, principal, page) : await subscribersOfList(deps, principal, UID, page),
    };
  };
  api.get(
    '/show',
    { config, schema: { ...schema, summary: 'List lists, or the subscribers of one list' } },
    async (request) => respond(request, { ...(await uidInBody(request)), ...request.query }),
  );
  api.post(
    '/show',
    { config, schema: { ...schema, summary: 'The same, with the UID in the body', body: ShowBody } },
    (request) => respond(request, { ...request.query, ...request.body }),
  );
  api.get(
    '/show/:uid',
    { config, schema: { ...schema, summary: 'List the subscribers of a list', params: ShowPath } },
    (request) => respond(request, { ...request.query, UID: request.params.uid }),
  );
}

const MAX_BODY_BYTES = 1_000;
const readBody = bodyReader(ShowBody);

/** Some clients send a body with GET; no other route reads it. */
async function uidInBody({ raw, headers }: FastifyRequest): Promise<{ UID?: string }> {
  if (Number(headers['content-length'] ?? 0) === 0) return {};
  let text = '';
  for await (const part of raw) {
    text += String(part);
    if (text.length > MAX_BODY_BYTES) throw new Failure('payload_too_large');
  }
  const value = jsonIn(text);
  if (value === undefined) throw new Failure('malformed_json');
  return readBody(value) as { UID?: string };
}

async function listOf({ lists }: Deps, { account, keySettings }: Principal, uid: string): Promise<List> {
  const list = demandOwned(await lists.withUid(account, uid));
  demandPermittedLists(keySettings, [list._id]);
  return list;
}

async function allLists({ lists }: Deps, { account, keySettings }: Principal, page: PageQuery) {
  const all = await lists.ofAccount(account);
  const found = all.filter(({ _id }) => keySettings.lists === null || keySettings.lists.includes(_id));
  const records = found.slice(skipOf(page), skipOf(page) + page.per_page).map(recordOf);
  const meta = pageOf(page, found.length);
  return { ...meta, next_page: page.page < meta.total_pages ? page.page + 1 : 0, records };
}

async function subscribersOfList(deps: Deps, principal: Principal, uid: string, page: PageQuery) {
  const { account, _id: list } = await listOf(deps, principal, uid);
  const { found, total } = await deps.subscribers.page(account, { list }, skipOf(page), page.per_page);
  return { ...pageOf(page, total), records: found.map(subscriberOf) };
}

/** The layout of a company's postal address. */
const ADDRESS_FORMAT = '{name}\n{address_1}\n{address_2}\n{zip_code} {city}\n{zone_name}\n{country}';

const textOrEmpty = (value: string | null): string => value ?? '';
const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
/** Two letters are shown as the code of a country or a state. */
const codeIn = (value: string | null): string =>
  /^[A-Za-z]{2}$/.test(value ?? '') ? textOrEmpty(value).toUpperCase() : '';

/** A list as envie shows it: every field is text, and unknown values are empty. */
function recordOf({ uid, name, description, defaults, notifications, company }: List) {
  const { zone, country, ...address } = company;
  return {
    general: { list_uid: uid, name, display_name: name, description: textOrEmpty(description) },
    defaults: {
      from_name: textOrEmpty(defaults.from?.name ?? null),
      reply_to: textOrEmpty(defaults.reply_to),
      subject: textOrEmpty(defaults.subject),
    },
    notifications: {
      subscribe: yesOrNo(notifications.subscribe),
      unsubscribe: yesOrNo(notifications.unsubscribe),
      subscribe_to: textOrEmpty(notifications.subscribe_to),
      unsubscribe_to: textOrEmpty(notifications.unsubscribe_to),
    },
    company: {
      name: textOrEmpty(address.name),
      address_1: textOrEmpty(address.address_1),
      address_2: textOrEmpty(address.address_2),
      zone_name: textOrEmpty(zone),
      city: textOrEmpty(address.city),
      zip_code: textOrEmpty(address.zip_code),
      address_format: ADDRESS_FORMAT,
      country: { country_id: codeIn(country), name: textOrEmpty(country), code: codeIn(country) },
      zone: { zone_id: codeIn(zone), name: textOrEmpty(zone), code: codeIn(zone) },
    },
  };
}

/** A subscriber as envie shows it; the uid is the native id as text. */
function subscriberOf({ _id, email, first_name, last_name, status, source, ip, created_at }: Subscriber) {
  return {
    subscriber_uid: String(_id),
    EMAIL: email,
    FNAME: textOrEmpty(first_name),
    LNAME: textOrEmpty(last_name),
    status,
    source,
    ip_address: textOrEmpty(ip),
    date_added: timestamp(created_at),
  };
}

interface PageNumbers {
  readonly page: number;
  readonly per_page: number;
}

/** `count` is text; page numbers are numbers. */
function pageOf({ page, per_page }: PageNumbers, total: number) {
  const total_pages = Math.max(1, Math.ceil(total / per_page));
  return { count: String(total), total_pages, current_page: page };
}
