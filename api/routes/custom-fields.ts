import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { BUILT_IN_FIELDS, FIELD_TYPES } from '../../domain/subscriber/custom-field.js';
import { ATTRIBUTE_NAME } from '../../domain/subscriber/subscriber.js';
import { type CustomField, MAX_FIELDS, type NewField } from '../../store/subscribers/custom-fields.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { demandDone, demandOwned } from '../hooks/failures.js';
import { originOf } from '../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../schema/envelope.js';
import { closed, Id, IdPath, Line, nullable, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

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

const NewCustomField = Type.Object(
  { name: FieldName, type: FieldKind, label: Type.Optional(Label), choices: Type.Optional(nullable(Choices)) },
  { ...closed, examples: [EXAMPLE] },
);

/** Name and type cannot change, because stored attributes would no longer match them. */
const CustomFieldPatch = Type.Object(
  { label: Type.Optional(Label), choices: Type.Optional(Choices) },
  { ...closed, examples: [{ choices: ['Free', 'Pro', 'Team'] }] },
);

const CustomFieldView = Type.Object(
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

function customFieldView(row: CustomField): Static<typeof CustomFieldView> {
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

const tags = ['Subscribers'];
const ONE = { 200: Data(CustomFieldView), ...refusals };

type FieldDeps = Pick<Deps, 'customFields'>;

/** The custom fields of an account, which give the attributes of its subscribers their types. */
export function customFieldRoutes(app: Api, deps: FieldDeps): void {
  readFields(app, deps);
  defineField(app, deps);
  changeField(app, deps);
}

function readFields(app: Api, { customFields }: FieldDeps): void {
  app.get(
    '/fields',
    { schema: { tags, summary: 'List fields', response: { 200: Data(Type.Array(CustomFieldView)), ...refusals } } },
    async (request) => ({ data: (await customFields.ofAccount(accountOf(request))).map(customFieldView) }),
  );

  app.get(
    '/fields/:id',
    { schema: { tags, summary: 'Retrieve a field', params: IdPath, response: ONE } },
    async (request) => ({
      data: customFieldView(demandOwned(await customFields.find(accountOf(request), request.params.id))),
    }),
  );
}

function defineField(app: Api, { customFields }: FieldDeps): void {
  app.post(
    '/fields',
    {
      schema: {
        tags,
        summary: 'Define a field, which sets the type of the attributes with its name',
        body: NewCustomField,
        response: { 201: Data(CustomFieldView), ...refusals },
      },
    },
    async (request, reply) => {
      const row = await customFields.add(accountOf(request), newField(request.body), originOf(request));
      if (row === 'taken') throw new Failure('field_exists');
      if (row === 'too_many') throw invalidField('name', `An account has at most ${MAX_FIELDS} fields.`);
      return reply.code(201).send({ data: customFieldView(row) });
    },
  );
}

function changeField(app: Api, { customFields }: FieldDeps): void {
  app.patch(
    '/fields/:id',
    { schema: { tags, summary: 'Change a field', params: IdPath, body: CustomFieldPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const { id } = request.params;
      const before = demandOwned(await customFields.find(account, id));
      if (request.body.choices !== undefined && before.type !== 'choice') throw invalidField('choices', ONLY_CHOICE);
      return { data: customFieldView(demandOwned(await customFields.change(account, id, request.body))) };
    },
  );

  app.delete(
    '/fields/:id',
    {
      schema: {
        tags,
        summary: 'Remove a field; the attributes of subscribers stay',
        params: IdPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      demandDone(await customFields.remove(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

const ONLY_CHOICE = 'The choices are for fields of the type choice.';

function newField({ name, type, label = null, choices = null }: Static<typeof NewCustomField>): NewField {
  if (BUILT_IN_FIELDS.includes(name)) throw invalidField('name', `The name ${name} is that of a built-in field.`);
  if (type === 'choice' && choices === null) throw invalidField('choices', 'The choices field is required.');
  if (type !== 'choice' && choices !== null) throw invalidField('choices', ONLY_CHOICE);
  return { name, type, label, choices };
}

function invalidField(field: string, sentence: string): Failure {
  return new Failure('validation_failed', { [field]: [sentence] });
}
