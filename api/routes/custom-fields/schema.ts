import { type Static, Type } from 'typebox';
import { FIELD_TYPES } from '../../../domain/subscriber/custom-field.js';
import { ATTRIBUTE_NAME } from '../../../domain/subscriber/subscriber.js';
import type { CustomField } from '../../../store/subscribers/custom-fields.js';
import { closed, Id, Line, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

const FieldName = Type.String({
  pattern: ATTRIBUTE_NAME,
  description: 'Name of the attribute, as subscribers have it.',
});
const FieldKind = Type.Enum([...FIELD_TYPES], {
  description: 'A `date` is stored as `2026-05-22`; a `choice` is one of `choices`.',
});
const Choices = Type.Array(Line(255, 1), { minItems: 1, maxItems: 100, uniqueItems: true });
const Label = nullable(Line(255, 1));

const EXAMPLE = { name: 'plan', type: 'choice', label: 'Plan', choices: ['Free', 'Pro'] };

export const NewCustomField = Type.Object(
  { name: FieldName, type: FieldKind, label: Type.Optional(Label), choices: Type.Optional(nullable(Choices)) },
  { ...closed, examples: [EXAMPLE] },
);

/** Name and type cannot change, because stored attributes would no longer match them. */
export const CustomFieldPatch = Type.Object(
  { label: Type.Optional(Label), choices: Type.Optional(Choices) },
  { ...closed, examples: [{ choices: ['Free', 'Pro', 'Team'] }] },
);

export const CustomFieldView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    type: FieldKind,
    label: Label,
    choices: nullable(Type.Array(Type.String())),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [{ id: 1, ...EXAMPLE, created_at: '2026-01-12T10:14:23+00:00', updated_at: '2026-01-12T10:14:23+00:00' }],
  },
);

export function customFieldView(row: CustomField): Static<typeof CustomFieldView> {
  const { _id: id, name, type, label, choices, created_at, updated_at } = row;
  const kept = choices === null ? null : [...choices];
  return {
    id,
    name,
    type,
    label,
    choices: kept,
    created_at: timestamp(created_at),
    updated_at: timestamp(updated_at),
  };
}
