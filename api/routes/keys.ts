import { type Static, Type } from 'typebox';
import { now } from '../../clock.js';
import { keyStatusOf, SCOPES, type Scope } from '../../domain/account/key.js';
import { Failure, type FailureCode } from '../../domain/errors.js';
import { givenTime } from '../../domain/timestamp.js';
import { demandNoAdminScope } from '../../services/key-permissions.js';
import type { Key, KeyTerms } from '../../store/keys/keys.js';
import type { NotRotated } from '../../store/keys/rotation.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { demandDone, demandOwned } from '../hooks/failures.js';
import { Data, NoContent, refusals } from '../schema/envelope.js';
import { closed, Id, IdPath, Line, nullable, Patterned, Timestamp } from '../schema/fields.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const Scopes = Type.Array(Type.Enum([...SCOPES]), { minItems: 1, maxItems: 4, uniqueItems: true });
const Lists = Type.Array(Id, { minItems: 1, maxItems: 100, uniqueItems: true });
const Domains = Type.Array(
  Patterned('^[A-Za-z0-9.-]+$', 'must be a domain, such as acme.example', { minLength: 3, maxLength: 253 }),
  {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
  },
);

export const NewKey = Type.Object(
  {
    name: Line(100, 1),
    scopes: Type.Optional(Scopes),
    lists: Type.Optional(nullable(Lists)),
    domains: Type.Optional(nullable(Domains)),
    per_minute: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 }))),
    expires_at: Type.Optional(nullable(Timestamp)),
  },
  {
    ...closed,
    description: 'Without scopes the key has full access; lists and domains restrict it to these.',
    examples: [{ name: 'Sign-up form', scopes: ['contacts'], lists: [1] }],
  },
);

const Rotation = Type.Object(
  { overlap_hours: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 24 * 365 }))) },
  {
    ...closed,
    description: 'Hours that the old key keeps working; without it, until the new key is validated.',
    examples: [{ overlap_hours: 48 }],
  },
);

const view = {
  id: Id,
  name: Type.String(),
  prefix: Type.String(),
  state: Type.Enum(['active', 'retiring', 'revoked', 'expired']),
  scopes: Type.Array(Type.String()),
  lists: nullable(Lists),
  domains: nullable(Type.Array(Type.String())),
  per_minute: nullable(Type.Integer()),
  expires_at: nullable(Timestamp),
  retires_at: nullable(Timestamp),
  replaces: nullable(Id),
  reminder: nullable(Type.String()),
  last_used_at: nullable(Timestamp),
  created_at: Timestamp,
};

export const KeyView = Type.Object(view);

/** The only response that contains the key itself. */
export const IssuedKey = Type.Object({ ...view, key: Type.String() });

export function keyView(key: Key): Static<typeof KeyView> {
  const { _id: id, name, prefix, scopes, lists, domains, per_minute, replaces } = key;
  const [state, isDue] = [keyStatusOf(key, now()), key.rotation_due_at <= now()];
  return {
    id,
    name,
    prefix,
    state,
    scopes: [...scopes],
    lists: lists && [...lists],
    domains: domains && [...domains],
    per_minute,
    expires_at: timestampOrNull(key.expires_at),
    retires_at: timestampOrNull(key.retires_at),
    replaces,
    reminder:
      isDue && state === 'active' ? `This key is older than six months; exchange it: POST /keys/${id}/rotate` : null,
    last_used_at: timestampOrNull(key.last_used_at),
    created_at: timestamp(key.created_at),
  };
}

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
  const at = givenTime(given);
  if (at > now()) return at;
  throw new Failure('validation_failed', { expires_at: ['The expires_at must be in the future.'] });
}
