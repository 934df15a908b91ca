import { type Static, Type } from 'typebox';
import { LANGUAGES } from '../../domain/language.js';
import type { List, ListCounts, ListFields } from '../../store/lists/lists.js';
import type { Api } from '../api.js';
import { accountOf, principalOf } from '../hooks/auth.js';
import { demandDone, demandOwned } from '../hooks/failures.js';
import { originOf } from '../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../schema/envelope.js';
import {
  closed,
  DisplayName,
  Id,
  IdPath,
  Line,
  nullable,
  OptionalName,
  Patterned,
  Timestamp,
} from '../schema/fields.js';
import { AddressOnly, Sender } from '../schema/mailboxes.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const defaults = {
  from: Type.Optional(Sender),
  reply_to: Type.Optional(AddressOnly),
  subject: Type.Optional(nullable(Line(998))),
};

const company = {
  name: Type.Optional(nullable(OptionalName(255))),
  address_1: Type.Optional(nullable(Line(255))),
  address_2: Type.Optional(nullable(Line(255))),
  city: Type.Optional(nullable(Line(255))),
  zone: Type.Optional(nullable(Line(255))),
  zip_code: Type.Optional(nullable(Line(32))),
  country: Type.Optional(nullable(Line(255))),
};

const notifications = {
  subscribe: Type.Optional(Type.Boolean()),
  unsubscribe: Type.Optional(Type.Boolean()),
  subscribe_to: Type.Optional(AddressOnly),
  unsubscribe_to: Type.Optional(AddressOnly),
};

const Language = Patterned(`^(?:${LANGUAGES.join('|')})$`, `must be one of ${LANGUAGES.join(', ')}`, {
  examples: [...LANGUAGES],
});

const settings = {
  description: Type.Optional(nullable(Type.String({ maxLength: 2000 }))),
  defaults: Type.Optional(Type.Object(defaults, closed)),
  company: Type.Optional(Type.Object(company, closed)),
  notifications: Type.Optional(Type.Object(notifications, closed)),
  double_opt_in: Type.Optional(Type.Boolean()),
  language: Type.Optional(nullable(Language)),
};

const NewList = Type.Object(
  { name: DisplayName(255), ...settings },
  { ...closed, examples: [{ name: 'Newsletter', defaults: { from: { name: 'Acme', email: 'news@acme.example' } } }] },
);

const ListPatch = Type.Object({ name: Type.Optional(DisplayName(255)), ...settings }, closed);

const ListView = Type.Object(
  {
    id: Id,
    uid: Type.String(),
    name: Type.String(),
    description: nullable(Type.String()),
    total_subscribers: Type.Integer(),
    active_subscribers: Type.Integer(),
    defaults: Type.Object({
      from: nullable(Type.Object({ name: nullable(Type.String()), email: Type.String() })),
      reply_to: nullable(Type.String()),
      subject: nullable(Type.String()),
    }),
    company: Type.Record(Type.String(), nullable(Type.String())),
    notifications: Type.Object({
      subscribe: Type.Boolean(),
      unsubscribe: Type.Boolean(),
      subscribe_to: nullable(Type.String()),
      unsubscribe_to: nullable(Type.String()),
    }),
    double_opt_in: Type.Boolean(),
    language: nullable(Type.String()),
    signup_url: nullable(Type.String()),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        name: 'Newsletter',
        description: null,
        total_subscribers: 2156,
        active_subscribers: 2104,
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);

/** The fields that a caller sets on a list. The name of a sender without a name is null. */
function listFields({ defaults, ...fields }: Static<typeof ListPatch>): ListFields {
  if (defaults === undefined) return fields;
  const { from, ...others } = defaults;
  if (from === undefined) return { ...fields, defaults: others };
  return { ...fields, defaults: { ...others, from: from && { name: from.name ?? null, email: from.email } } };
}

function listView(
  list: List,
  publicUrl: string,
  { total, active }: ListCounts = { total: 0, active: 0 },
): Static<typeof ListView> {
  const { _id: id, uid, name, description, company } = list;
  return {
    id,
    uid,
    name,
    description,
    total_subscribers: total,
    active_subscribers: active,
    defaults: list.defaults,
    company: { ...company },
    notifications: list.notifications,
    double_opt_in: list.double_opt_in ?? false,
    language: list.language ?? null,
    signup_url: list.double_opt_in ? `${publicUrl}/lists/${uid}/signup` : null,
    created_at: timestamp(list.created_at),
    updated_at: timestamp(list.updated_at),
  };
}

const tags = ['Lists'];
const ONE = { 200: Data(ListView), ...refusals };

export function lists(app: Api, deps: Deps): void {
  listLists(app, deps);
  createList(app, deps);
  retrieveList(app, deps);
  changeList(app, deps);
  removeList(app, deps);
}

function listLists(app: Api, { lists, config }: Deps): void {
  app.get(
    '/lists',
    { schema: { tags, summary: 'List all lists', response: { 200: Data(Type.Array(ListView)), ...refusals } } },
    async (request) => {
      const { account, keySettings } = principalOf(request);
      const all = await lists.ofAccount(account);
      const found = keySettings.lists === null ? all : all.filter(({ _id }) => keySettings.lists?.includes(_id));
      const counts = await lists.counts(
        account,
        found.map(({ _id }) => _id),
      );
      return { data: found.map((list) => listView(list, config.publicUrl, counts.get(list._id))) };
    },
  );
}

function createList(app: Api, deps: Deps): void {
  app.post(
    '/lists',
    { schema: { tags, summary: 'Create a list', body: NewList, response: { 201: Data(ListView), ...refusals } } },
    async (request, reply) => {
      const { name } = request.body;
      const fields = { ...listFields(request.body), name };
      const list = await deps.lists.create(accountOf(request), fields, originOf(request));
      return reply.code(201).send(await listResponse(deps, list));
    },
  );
}

function retrieveList(app: Api, deps: Deps): void {
  app.get(
    '/lists/:id',
    { schema: { tags, summary: 'Retrieve a list', params: IdPath, response: ONE } },
    async (request) => listResponse(deps, demandOwned(await deps.lists.find(accountOf(request), request.params.id))),
  );
}

function changeList(app: Api, deps: Deps): void {
  app.patch(
    '/lists/:id',
    { schema: { tags, summary: 'Change a list', params: IdPath, body: ListPatch, response: ONE } },
    async (request) => {
      const fields = listFields(request.body);
      return listResponse(deps, demandOwned(await deps.lists.change(accountOf(request), request.params.id, fields)));
    },
  );
}

function removeList(app: Api, { lists }: Deps): void {
  app.delete(
    '/lists/:id',
    {
      schema: {
        tags,
        summary: 'Delete a list and its subscribers',
        params: IdPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      demandDone(await lists.remove(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

async function listResponse({ lists, config }: Deps, list: List) {
  const counts = await lists.counts(list.account, [list._id]);
  return { data: listView(list, config.publicUrl, counts.get(list._id)) };
}
