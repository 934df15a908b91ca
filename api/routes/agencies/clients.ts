import { Failure } from '../../../domain/errors.js';
import type { Client } from '../../../store/accounts/clients.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Api } from '../../api.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, Page, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { EmptyBody } from '../campaigns/schema.js';
import { agencyOf, clientOf } from './caller.js';
import { ClientPatch, ClientSearch, ClientView, clientView, NewClient, NewClientView } from './schema.js';

const tags = ['Agency'];
const ONE = { 200: Data(ClientView), ...refusals };

/** The client accounts of an agency. */
export function agencyClients(app: Api, deps: Deps): void {
  listClients(app, deps);
  createClient(app, deps);
  changeClient(app, deps);
  suspendClient(app, deps);
  closeClient(app, deps);
}

function listClients(app: Api, { clients, ...deps }: Deps): void {
  app.get(
    '/agency/clients',
    {
      schema: {
        tags,
        summary: 'List clients',
        querystring: ClientSearch,
        response: { 200: Page(ClientView), ...refusals },
      },
    },
    async (request) => {
      const { state, ...at } = request.query;
      const { found, total } = await clients.page(agencyOf(request), state, skipOf(at), at.per_page);
      return { data: found.map(clientView), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/agency/clients/:id',
    { schema: { tags, summary: 'Retrieve a client', params: IdPath, response: ONE } },
    async (request) => ({ data: clientView(await clientOf({ ...deps, clients }, request)) }),
  );
}

function createClient(app: Api, { clients, keys }: Deps): void {
  app.post(
    '/agency/clients',
    {
      config: { secretResponse: true },
      schema: {
        tags,
        summary: 'Add a client; the response shows its first key once',
        body: NewClient,
        response: { 201: Data(NewClientView), ...refusals },
      },
    },
    async (request, reply) => {
      const { name, mail_from = null, plan = null } = request.body;
      const client = await clients.create(agencyOf(request), { name, mail_from, plan }, originOf(request));
      const { key, secret } = await keys.issue(client._id, name);
      return reply.code(201).send({ data: { ...clientView(client), key_id: key._id, key: secret } });
    },
  );
}

function changeClient(app: Api, deps: Deps): void {
  app.patch(
    '/agency/clients/:id',
    { schema: { tags, summary: 'Change a client', params: IdPath, body: ClientPatch, response: ONE } },
    async (request) => {
      const client = await clientOf(deps, request);
      return {
        data: clientView(demandExisting(await deps.clients.change(client.parent_id, client._id, request.body))),
      };
    },
  );
}

function suspendClient(app: Api, deps: Deps): void {
  const notifyCampaigns = (rows: readonly Campaign[]) => {
    for (const row of rows) deps.engine.notifyCampaign(row);
  };
  const currentView = async (client: Client) =>
    clientView(demandExisting(await deps.clients.change(client.parent_id, client._id, {})));
  app.post(
    '/agency/clients/:id/suspend',
    {
      schema: {
        tags,
        summary: 'Suspend a client: its keys are refused, its campaigns are paused',
        params: IdPath,
        body: EmptyBody,
        response: ONE,
      },
    },
    async (request) => {
      const client = await clientOf(deps, request);
      if (await deps.suspension.suspend(client._id)) notifyCampaigns(await deps.suspension.pauseCampaigns(client._id));
      return { data: await currentView(client) };
    },
  );

  app.post(
    '/agency/clients/:id/resume',
    {
      schema: {
        tags,
        summary: 'Resume a client and the campaigns that its suspension paused',
        params: IdPath,
        body: EmptyBody,
        response: ONE,
      },
    },
    async (request) => {
      const client = await clientOf(deps, request);
      if (await deps.suspension.resume(client._id)) notifyCampaigns(await deps.suspension.resumeCampaigns(client._id));
      return { data: await currentView(client) };
    },
  );
}

function closeClient(app: Api, deps: Deps): void {
  app.delete(
    '/agency/clients/:id',
    {
      schema: {
        tags,
        summary: 'Close the account of a client for good; refused while mail of it is in progress',
        params: IdPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      const client = await clientOf(deps, request);
      if ((await deps.clients.close(client.parent_id, client._id)) === 'busy') throw new Failure('client_busy');
      return reply.code(204).send(null);
    },
  );
}

/** The client may have been closed since it was read. */
function demandExisting(client: Client | null): Client {
  if (client === null) throw new Failure('not_found');
  return client;
}
