import { Type } from 'typebox';
import type { List } from '../../../store/lists/lists.js';
import type { Api } from '../../api.js';
import { accountOf, principalOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { ListPatch, ListView, listFields, listView, NewList } from './schema.js';

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
