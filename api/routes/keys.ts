import { Type } from 'typebox';
import type { Api } from '../app.js';
import { accountOf } from '../auth.js';
import type { Deps } from '../deps.js';
import { demandDone } from '../failures.js';
import { Data, Nothing, refusals } from '../schemas/envelope.js';
import { IdPath } from '../schemas/fields.js';
import { IssuedKey, KeyView, keyView, NewKey } from '../schemas/key.js';

export function keys(app: Api, { keys }: Deps): void {
  app.get(
    '/keys',
    { schema: { tags: ['Keys'], summary: 'List keys', response: { 200: Data(Type.Array(KeyView)), ...refusals } } },
    async (request) => ({ data: (await keys.ofAccount(accountOf(request))).map(keyView) }),
  );

  app.post(
    '/keys',
    {
      config: { secretAnswer: true },
      schema: { tags: ['Keys'], summary: 'Issue a key', body: NewKey, response: { 201: Data(IssuedKey), ...refusals } },
    },
    async (request, reply) => {
      const { key, secret } = await keys.issue(accountOf(request), request.body.name);
      return reply.code(201).send({ data: { ...keyView(key), key: secret } });
    },
  );

  app.delete(
    '/keys/:id',
    {
      schema: { tags: ['Keys'], summary: 'Revoke a key', params: IdPath, response: { 204: Nothing, ...refusals } },
    },
    async (request, reply) => {
      demandDone(await keys.revoke(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}
