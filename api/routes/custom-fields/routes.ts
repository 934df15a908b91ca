import { type Static, Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { BUILT_IN_FIELDS } from '../../../domain/subscriber/custom-field.js';
import { MAX_FIELDS, type NewField } from '../../../store/subscribers/custom-fields.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { CustomFieldPatch, CustomFieldView, customFieldView, NewCustomField } from './schema.js';

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
