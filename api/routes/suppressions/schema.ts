import { type Static, Type } from 'typebox';
import { SUPPRESSION_REASONS, type Suppression } from '../../../store/suppressions/suppressions.js';
import { closed, Line, Mailbox, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

/** The reasons that a caller may give; `erased` is set by erasing a person only. */
const GIVEN_REASONS = SUPPRESSION_REASONS.filter((reason) => reason !== 'erased');

const reason = Type.Optional(
  Type.Enum(GIVEN_REASONS, { description: 'The reason known to another system; `manual` by default.' }),
);

export const NewSuppression = Type.Object(
  { email: Mailbox, reason, evidence: Type.Optional(nullable(Line(120))) },
  { ...closed, examples: [{ email: 'alice@example.com', evidence: 'asked by phone' }] },
);

/** Addresses are validated later: an invalid one is reported and does not fail the batch. */
export const SuppressionBatch = Type.Object(
  { emails: Type.Array(Type.String({ maxLength: 1024 }), { minItems: 1, maxItems: 1000 }), reason },
  { ...closed, examples: [{ emails: ['alice@example.com', 'bob@example.com'] }] },
);

export const SuppressionSearch = Type.Object(
  {
    email: Type.Optional(Mailbox),
    reason: Type.Optional(Type.Enum([...SUPPRESSION_REASONS])),
    after: Type.Optional(
      Type.String({ pattern: '^\\d{1,15}\\.[\\w-]{43}$', description: '`meta.next` of the previous page.' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

export const ImportedSearch = Type.Object({ reason }, closed);

export const SuppressionView = Type.Object(
  {
    email: nullable(
      Type.String({ description: 'The normalized address; null: the person was erased and only a hash is kept.' }),
    ),
    reason: Type.Enum([...SUPPRESSION_REASONS]),
    evidence: nullable(Type.String()),
    created_at: Timestamp,
  },
  {
    examples: [
      {
        email: 'alice@example.com',
        reason: 'bounce',
        evidence: '550 5.1.1 user unknown',
        created_at: '2026-05-15T09:00:12+00:00',
      },
    ],
  },
);

export const SuppressionPage = Type.Object({
  data: Type.Array(SuppressionView),
  meta: Type.Object({ next: nullable(Type.String()) }),
});

export const SuppressionCounts = Type.Object(
  {
    added: Type.Integer(),
    known: Type.Integer(),
    invalid: Type.Integer(),
    invalid_examples: Type.Array(Type.String(), { description: 'At most five.' }),
  },
  { examples: [{ added: 842, known: 153, invalid: 5, invalid_examples: ['bad@', 'not-an-email'] }] },
);

export function suppressionView({
  email_key,
  reason,
  evidence,
  created_at,
}: Suppression): Static<typeof SuppressionView> {
  return { email: email_key ?? null, reason, evidence, created_at: timestamp(created_at) };
}
