import { type Static, Type } from 'typebox';
import type { Client } from '../../store/clients.js';
import { pageFields } from '../paging.js';
import { timestamp } from '../timestamp.js';
import { closed, Id, Line, nullable, Timestamp } from './fields.js';

const fields = {
  mail_from: Type.Optional(
    nullable(Type.String({ ...Line(320, 1), description: 'Sender where neither campaign nor list names one.' })),
  ),
};

export const NewClient = Type.Object(
  { name: Line(255, 1), ...fields },
  { ...closed, examples: [{ name: 'Corner Bakery', mail_from: 'Corner Bakery <hello@bakery.example>' }] },
);

export const ClientPatch = Type.Object(
  { name: Type.Optional(Line(255, 1)), ...fields },
  { ...closed, examples: [{ name: 'Corner Bakery & Café' }] },
);

const State = Type.Enum(['active', 'suspended']);

export const ClientSearch = Type.Object({ state: Type.Optional(State), ...pageFields(50) }, closed);

export const ClientView = Type.Object(
  { id: Id, name: Type.String(), state: State, mail_from: nullable(Type.String()), created_at: Timestamp },
  {
    examples: [
      {
        id: 7,
        name: 'Corner Bakery',
        state: 'active',
        mail_from: 'Corner Bakery <hello@bakery.example>',
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);

export const ClientKeyPath = Type.Object({ id: Id, key: Id });

export const AgencyView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    clients: Type.Object({ total: Type.Integer(), active: Type.Integer(), suspended: Type.Integer() }),
  },
  { examples: [{ id: 1, name: 'Acme', clients: { total: 12, active: 11, suspended: 1 } }] },
);

export function clientView({ _id: id, name, state, mail_from, created_at }: Client): Static<typeof ClientView> {
  return {
    id,
    name,
    state: state === 'suspended' ? state : 'active',
    mail_from,
    created_at: timestamp(created_at),
  };
}
