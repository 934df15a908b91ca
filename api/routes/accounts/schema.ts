import { Type } from 'typebox';
import { closed, Id, Line, nullable, PerSecond, Timestamp } from '../../schema/fields.js';

const Percent = (what: string) =>
  nullable(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: `Percent of ${what} above which a campaign is paused; null: the default of the installation.`,
    }),
  );

const limits = {
  pause_at_complaints: Percent('complaints'),
  pause_at_bounces: Percent('hard bounces'),
};

const fields = {
  name: Type.Optional(Line(255, 1)),
  mail_from: Type.Optional(nullable(Line(320, 1))),
  detect_repeats: Type.Optional(Type.Boolean()),
  rate_per_second: Type.Optional(PerSecond),
  track: Type.Optional(Type.Boolean()),
  pause_at_complaints: Type.Optional(limits.pause_at_complaints),
  pause_at_bounces: Type.Optional(limits.pause_at_bounces),
  strict_fields: Type.Optional(
    Type.Boolean({ description: 'Refuse attributes that are not defined under `/fields`.' }),
  ),
};

export const AccountPatch = Type.Object(fields, {
  ...closed,
  examples: [{ mail_from: 'Acme <hello@acme.example>', detect_repeats: true, rate_per_second: 100 }],
});

export const AccountView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    mail_from: nullable(Type.String()),
    detect_repeats: Type.Boolean(),
    rate_per_second: PerSecond,
    track: Type.Boolean(),
    strict_fields: Type.Boolean(),
    ...limits,
    created_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        name: 'Acme',
        mail_from: 'Acme <hello@acme.example>',
        detect_repeats: false,
        rate_per_second: null,
        track: true,
        strict_fields: false,
        pause_at_complaints: null,
        pause_at_bounces: null,
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);
