import { Type } from 'typebox';
import { closed, Id, Line, nullable, Timestamp } from './fields.js';

const fields = {
  name: Type.Optional(Line(255, 1)),
  mail_from: Type.Optional(nullable(Line(320, 1))),
  detect_repeats: Type.Optional(Type.Boolean()),
};

export const AccountPatch = Type.Object(fields, {
  ...closed,
  examples: [{ mail_from: 'Acme <hello@acme.example>', detect_repeats: true }],
});

export const AccountView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    mail_from: nullable(Type.String()),
    detect_repeats: Type.Boolean(),
    created_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        name: 'Acme',
        mail_from: 'Acme <hello@acme.example>',
        detect_repeats: false,
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);
