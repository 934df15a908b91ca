import { Type } from 'typebox';
import type { Api } from '../../api.js';
import { demandDone } from '../../hooks/failures.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { DomainView, domainView } from '../domains/schema.js';
import { termsOf } from '../keys/routes.js';
import { IssuedKey, KeyView, keyView, NewKey } from '../keys/schema.js';
import { clientOf } from './caller.js';
import { ClientKeyPath } from './schema.js';

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
