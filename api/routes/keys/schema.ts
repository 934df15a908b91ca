import { type Static, Type } from 'typebox';
import { now } from '../../../clock.js';
import { keyStatusOf, SCOPES } from '../../../domain/account/key.js';
import type { Key } from '../../../store/keys/keys.js';
import { closed, Id, Line, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

const Scopes = Type.Array(Type.Enum([...SCOPES]), { minItems: 1, maxItems: 4, uniqueItems: true });
const Lists = Type.Array(Id, { minItems: 1, maxItems: 100, uniqueItems: true });
const Domains = Type.Array(Type.String({ minLength: 3, maxLength: 253, pattern: '^[A-Za-z0-9.-]+$' }), {
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
});

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

export const Rotation = Type.Object(
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
