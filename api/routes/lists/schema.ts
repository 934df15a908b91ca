import { type Static, Type } from 'typebox';
import { LANGUAGES } from '../../../domain/language.js';
import type { List, ListCounts, ListFields } from '../../../store/lists/lists.js';
import { closed, Id, Line, Mailbox, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

export const From = Type.Object({ name: Type.Optional(nullable(Line(255))), email: Mailbox }, closed);

const defaults = {
  from: Type.Optional(nullable(From)),
  reply_to: Type.Optional(nullable(Mailbox)),
  subject: Type.Optional(nullable(Line(998))),
};

const company = {
  name: Type.Optional(nullable(Line(255))),
  address_1: Type.Optional(nullable(Line(255))),
  address_2: Type.Optional(nullable(Line(255))),
  city: Type.Optional(nullable(Line(255))),
  zone: Type.Optional(nullable(Line(255))),
  zip_code: Type.Optional(nullable(Line(32))),
  country: Type.Optional(nullable(Line(255))),
};

const notifications = {
  subscribe: Type.Optional(Type.Boolean()),
  unsubscribe: Type.Optional(Type.Boolean()),
  subscribe_to: Type.Optional(nullable(Mailbox)),
  unsubscribe_to: Type.Optional(nullable(Mailbox)),
};

const Language = Type.String({ pattern: `^(?:${LANGUAGES.join('|')})$`, examples: [...LANGUAGES] });

const settings = {
  description: Type.Optional(nullable(Type.String({ maxLength: 2000 }))),
  defaults: Type.Optional(Type.Object(defaults, closed)),
  company: Type.Optional(Type.Object(company, closed)),
  notifications: Type.Optional(Type.Object(notifications, closed)),
  double_opt_in: Type.Optional(Type.Boolean()),
  language: Type.Optional(nullable(Language)),
};

export const NewList = Type.Object(
  { name: Line(255, 1), ...settings },
  { ...closed, examples: [{ name: 'Newsletter', defaults: { from: { name: 'Acme', email: 'news@acme.example' } } }] },
);

export const ListPatch = Type.Object({ name: Type.Optional(Line(255, 1)), ...settings }, closed);

export const ListView = Type.Object(
  {
    id: Id,
    uid: Type.String(),
    name: Type.String(),
    description: nullable(Type.String()),
    total_subscribers: Type.Integer(),
    active_subscribers: Type.Integer(),
    defaults: Type.Object({
      from: nullable(Type.Object({ name: nullable(Type.String()), email: Type.String() })),
      reply_to: nullable(Type.String()),
      subject: nullable(Type.String()),
    }),
    company: Type.Record(Type.String(), nullable(Type.String())),
    notifications: Type.Object({
      subscribe: Type.Boolean(),
      unsubscribe: Type.Boolean(),
      subscribe_to: nullable(Type.String()),
      unsubscribe_to: nullable(Type.String()),
    }),
    double_opt_in: Type.Boolean(),
    language: nullable(Type.String()),
    signup_url: nullable(Type.String()),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        name: 'Newsletter',
        description: null,
        total_subscribers: 2156,
        active_subscribers: 2104,
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);

/** The fields that a caller sets on a list. The name of a sender without a name is null. */
export function listFields({ defaults, ...fields }: Static<typeof ListPatch>): ListFields {
  if (defaults === undefined) return fields;
  const { from, ...others } = defaults;
  if (from === undefined) return { ...fields, defaults: others };
  return { ...fields, defaults: { ...others, from: from && { name: from.name ?? null, email: from.email } } };
}

export function listView(
  list: List,
  publicUrl: string,
  { total, active }: ListCounts = { total: 0, active: 0 },
): Static<typeof ListView> {
  const { _id: id, uid, name, description, company } = list;
  return {
    id,
    uid,
    name,
    description,
    total_subscribers: total,
    active_subscribers: active,
    defaults: list.defaults,
    company: { ...company },
    notifications: list.notifications,
    double_opt_in: list.double_opt_in ?? false,
    language: list.language ?? null,
    signup_url: list.double_opt_in ? `${publicUrl}/lists/${uid}/signup` : null,
    created_at: timestamp(list.created_at),
    updated_at: timestamp(list.updated_at),
  };
}
