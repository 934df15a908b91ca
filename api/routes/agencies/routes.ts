import { Type } from 'typebox';
import { now } from '../../../clock.js';
import { monthOf, planOf } from '../../../domain/account/plan.js';
import type { Client } from '../../../store/accounts/clients.js';
import type { Api } from '../../api.js';
import { demandDone } from '../../hooks/failures.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { DomainView, domainView } from '../domains/schema.js';
import { IssuedKey, KeyView, keyView, NewKey, termsOf } from '../keys.js';
import { agencyOf, clientOf } from './caller.js';
import { AgencyView, ClientKeyPath } from './schema.js';

/** Totals of an agency in one response. */
export function agency(app: Api, deps: Deps): void {
  app.get(
    '/agency',
    {
      schema: {
        tags: ['Agency'],
        summary: 'Retrieve totals of the agency',
        response: { 200: Data(AgencyView), ...refusals },
      },
    },
    async (request) => {
      const { _id: id, name } = await deps.accounts.settings(agencyOf(request));
      const found = await deps.clients.ofAgency(id);
      const suspended = found.filter(({ state }) => state === 'suspended').length;
      const counts = { total: found.length, active: found.length - suspended, suspended };
      const month = monthOf(now());
      const {
        senders,
        clients: _none,
        ...usage
      } = await deps.usage.of(
        found.map(({ _id }) => _id),
        month,
      );
      return { data: { id, name, clients: counts, usage: { month, ...usage }, plans: byPlan(found) } };
    },
  );
}

function byPlan(found: readonly Client[]) {
  const counts = new Map<string | null, number>();
  for (const { name } of found.map(planOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, clients]) => ({ name, clients }));
}

const tags = ['Agency'];

/** The keys and the sending domains of a client; all its other resources are reached with `Everpost-Account`. */
export function clientAccess(app: Api, deps: Deps): void {
  clientKeys(app, deps);
  app.get(
    '/agency/clients/:id/senders',
    {
      schema: {
        tags,
        summary: 'List the domains of a client',
        params: IdPath,
        response: { 200: Data(Type.Array(DomainView)), ...refusals },
      },
    },
    async (request) => {
      const rows = await deps.domains.ofAccount((await clientOf(deps, request))._id);
      return { data: rows.map((row) => domainView(row, deps.config.spfInclude)) };
    },
  );
}

function clientKeys(app: Api, deps: Deps): void {
  app.get(
    '/agency/clients/:id/keys',
    {
      schema: {
        tags,
        summary: 'List the keys of a client',
        params: IdPath,
        response: { 200: Data(Type.Array(KeyView)), ...refusals },
      },
    },
    async (request) => ({ data: (await deps.keys.ofAccount((await clientOf(deps, request))._id)).map(keyView) }),
  );

  app.post(
    '/agency/clients/:id/keys',
    {
      config: { secretResponse: true },
      schema: {
        tags,
        summary: 'Issue a key for a client',
        params: IdPath,
        body: NewKey,
        response: { 201: Data(IssuedKey), ...refusals },
      },
    },
    async (request, reply) => {
      const { _id: client } = await clientOf(deps, request);
      const { name } = request.body;
      const { key, secret } = await deps.keys.issue(client, name, await termsOf(deps, client, request.body));
      return reply.code(201).send({ data: { ...keyView(key), key: secret } });
    },
  );

  app.delete(
    '/agency/clients/:id/keys/:key',
    {
      schema: {
        tags,
        summary: 'Revoke a key of a client',
        params: ClientKeyPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      const { _id: client } = await clientOf(deps, request);
      demandDone(await deps.keys.revoke(client, request.params.key));
      return reply.code(204).send(null);
    },
  );
}
