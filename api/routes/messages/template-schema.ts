import { Type } from 'typebox';
import { MESSAGE_ENVIRONMENTS } from '../../../domain/message/message.js';
import { Id, nullable } from '../../schema/fields.js';
import { Identifier, LanguageTag } from '../templates/schema.js';

const Environment = Type.Enum([...MESSAGE_ENVIRONMENTS], {
  description: 'Of the template: its draft, for members only; its draft, for anybody, marked; what is published.',
});

/** How a message names what it is filled from. */
export const byTemplate = {
  template_id: Type.Optional(Id),
  identifier: Type.Optional(Identifier),
  language: Type.Optional(LanguageTag),
  environment: Type.Optional(Environment),
  context: Type.Optional(
    Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.Unknown(), {
      description: 'What the Liquid of the template may name.',
    }),
  ),
};

/** What a message was filled from. */
export const FilledFrom = Type.Union([
  Type.Object({ id: Id, version: nullable(Type.Integer()), language: Type.String(), environment: Environment }),
  Type.Null(),
]);
