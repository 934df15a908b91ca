import { type TSchema, Type } from 'typebox';
import { PageMeta } from './paging.js';

export function Data<T extends TSchema>(schema: T) {
  return Type.Object({ data: schema });
}

export function Page<T extends TSchema>(schema: T) {
  return Type.Object({ data: Type.Array(schema), meta: PageMeta });
}

export const Refusal = Type.Object(
  {
    error: Type.Object({
      code: Type.String(),
      message: Type.String(),
      errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
      details: Type.Optional(Type.Object({}, { description: 'Ids and further codes, depending on the code.' })),
    }),
  },
  {
    description: 'The envelope of every error.',
    examples: [
      {
        error: {
          code: 'validation_failed',
          message: 'One or more fields are invalid.',
          errors: { email: ['The email field is required.'] },
        },
      },
    ],
  },
);

/** Errors that every route may return. */
export const refusals = { '4xx': Refusal, '5xx': Refusal } as const;

export const NoContent = Type.Null({ description: 'Done; no content.' });
