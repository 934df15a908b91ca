import { type Static, Type } from 'typebox';
import type { Key } from '../../store/keys.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import { closed, Id, Line, nullable, Timestamp } from './fields.js';

export const NewKey = Type.Object({ name: Line(100, 1) }, { ...closed, examples: [{ name: 'Sign-up form' }] });

const view = {
  id: Id,
  name: Type.String(),
  prefix: Type.String(),
  state: Type.Enum(['active', 'revoked']),
  last_used_at: nullable(Timestamp),
  created_at: Timestamp,
};

export const KeyView = Type.Object(view);

/** The only answer that ever holds the key itself. */
export const IssuedKey = Type.Object({ ...view, key: Type.String() });

export function keyView({ _id: id, name, prefix, state, last_used_at, created_at }: Key): Static<typeof KeyView> {
  return { id, name, prefix, state, last_used_at: timestampOrNull(last_used_at), created_at: timestamp(created_at) };
}
