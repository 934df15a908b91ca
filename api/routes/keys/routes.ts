import { type Static, Type } from 'typebox';
import { now } from '../../../clock.js';
import { SCOPES, type Scope } from '../../../domain/account/key.js';
import { Failure, type FailureCode } from '../../../domain/errors.js';
import type { KeyTerms } from '../../../store/keys/keys.js';
import type { NotRotated } from '../../../store/keys/rotation.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { demandNoAdminScope } from '../../hooks/key-restrictions/key-restrictions.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { IssuedKey, KeyView, keyView, NewKey, Rotation } from './schema.js';

/** The scopes of a restricted key whose request names none. */
const RESTRICTED_KEY_SCOPES: readonly Scope[] = ['read', 'send', 'contacts'];
const HOUR = 3_600_000;
const tags = ['Keys'];
const issued = { 201: Data(IssuedKey), ...refusals };

export function keys(app: Api, deps: Deps): void {
  const { keys } = deps;
  app.get(
    '/keys',
    { schema: { tags, summary: 'List keys', response: { 200: Data(Type.Array(KeyView)), ...refusals } } },
    async (request) => ({ data: (await keys.ofAccount(accountOf(request))).map(keyView) }),
  );

  app.post(
    '/keys',
    { config: { secretResponse: true }, schema: { tags, summary: 'Issue a key', body: NewKey, response: issued } },
    async (request, reply) => {
      const account = accountOf(request);
      const { key, secret } = await keys.issue(account, request.body.name, await termsOf(deps, account, request.body));
      return reply.code(201).send({ data: { ...keyView(key), key: secret } });
    },
  );

  app.delete(
    '/keys/:id',
    { schema: { tags, summary: 'Revoke a key', params: IdPath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      demandDone(await keys.revoke(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );

  rotationRoutes(app, deps);
}

function rotationRoutes(app: Api, { keyRotation }: Deps): void {
  app.post(
    '/keys/:id/rotate',
    {
      config: { secretResponse: true },
      schema: {
        tags,
        summary: 'Create a successor; both keys work until it is validated',
        params: IdPath,
        body: Rotation,
        response: issued,
      },
    },
    async (request, reply) => {
      const { overlap_hours: hours } = request.body;
      const overlap = hours == null ? null : hours * HOUR;
      const { key, secret } = demandRotated(await keyRotation.rotate(accountOf(request), request.params.id, overlap));
      return reply.code(201).send({ data: { ...keyView(key), key: secret } });
    },
  );

  app.post(
    '/keys/:id/validate',
    {
      schema: {
        tags,
        summary: 'Validate a key and revoke the one that it replaces',
        params: IdPath,
        response: { 200: Data(KeyView), ...refusals },
      },
    },
    async (request) => ({
      data: keyView(demandRotated(await keyRotation.validate(accountOf(request), request.params.id))),
    }),
  );

  app.post(
    '/keys/:id/reset',
    {
      config: { secretResponse: true },
      schema: { tags, summary: 'Revoke a key at once and issue a successor', params: IdPath, response: issued },
    },
    async (request, reply) => {
      const { key, secret } = demandRotated(await keyRotation.reset(accountOf(request), request.params.id));
      return reply.code(201).send({ data: { ...keyView(key), key: secret } });
    },
  );
}

const REFUSALS: Readonly<Record<Exclude<NotRotated, 'missing' | 'foreign'>, FailureCode>> = {
  ended: 'key_ended',
  rotating: 'key_rotating',
  not_a_successor: 'not_a_successor',
};

function demandRotated<T extends object>(result: T | NotRotated): T {
  if (result === 'ended' || result === 'rotating' || result === 'not_a_successor') throw new Failure(REFUSALS[result]);
  return demandOwned<T>(result);
}

/** Lists must belong to the account; an expiry must be in the future. */
export async function termsOf(
  { lists }: Pick<Deps, 'lists'>,
  account: number,
  body: Static<typeof NewKey>,
): Promise<Partial<KeyTerms>> {
  const { scopes, lists: named, domains, per_minute, expires_at } = body;
  for (const id of named ?? []) {
    if (typeof (await lists.find(account, id)) === 'string') {
      throw new Failure('validation_failed', { lists: [`There is no list ${id}.`] });
    }
  }
  const restricted = named != null || domains != null;
  const allowed = restricted ? RESTRICTED_KEY_SCOPES : SCOPES;
  demandNoAdminScope(scopes ?? allowed, restricted);
  return {
    scopes: scopes ?? allowed,
    ...(named && { lists: named }),
    ...(domains && { domains: domains.map((domain) => domain.toLowerCase()) }),
    ...(per_minute && { per_minute }),
    ...(expires_at && { expires_at: expiry(expires_at) }),
  };
}

function expiry(given: string): Date {
  const at = new Date(given);
  if (at > now()) return at;
  throw new Failure('validation_failed', { expires_at: ['The expires_at must be in the future.'] });
}
