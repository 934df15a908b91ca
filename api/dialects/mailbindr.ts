import { type TSchema, Type } from 'typebox';
import { secretIn } from '../hooks/auth.js';
import { errorEnvelope } from '../hooks/failures.js';
import { acceptUnderKey } from '../routes/messages/routes.js';
import { byTemplate } from '../routes/messages/schema.js';
import { Identifier } from '../routes/templates/schema.js';
import { refusals } from '../schema/envelope.js';
import { closed, Mailbox } from '../schema/fields.js';
import { type Dialect, tagOf } from './dialect.js';

const { language, environment, context } = byTemplate;

/** PHP writes an empty map as `[]`; null counts as not given. */
const Empty = Type.Union([Type.Null(), Type.Array(Type.Unknown(), { maxItems: 0 })]);
const orNone = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const SendEmail = Type.Object(
  {
    identifier: Identifier,
    receiver: Mailbox,
    language: orNone(language),
    environment: orNone(environment),
    context: Type.Optional(Type.Union([context, Empty])),
  },
  {
    ...closed,
    examples: [
      {
        identifier: 'email_key',
        receiver: 'email@email.com',
        language: 'en',
        environment: 'draft',
        context: { some_variable: 'some_value' },
      },
    ],
  },
);

/** The document shows no response: this one is Everpost's. */
const Sent = Type.Object(
  { id: Type.String({ format: 'uuid' }), status: Type.String(), warning: Type.Optional(Type.String()) },
  { examples: [{ id: '01890a5d-ac96-774b-bcce-b302099a8057', status: 'accepted' }] },
);

/** Mailbindr: one route, which sends by the identifier of a template. Errors are the native ones. */
export const mailbindr: Dialect = {
  prefixes: ['/email'],
  credentials: { wanted: 'X-Api-Token: <key>', secretOf: ({ headers }) => secretIn(headers['x-api-token']) },
  toRefusal: (failure, status) => ({
    status: failure.code === 'template_not_found' ? 404 : status,
    body: errorEnvelope(failure),
  }),
  routes: (api, deps) => {
    api.post(
      '/send-email/',
      {
        config: { scope: 'send', senderIn: () => undefined, keyInRow: true },
        schema: {
          tags: [tagOf('mailbindr')],
          summary: 'Send an email by the identifier of its template',
          security: [{ 'x-api-token': [] }],
          body: SendEmail,
          response: { 200: Sent, ...refusals },
        },
      },
      async (request, reply) => {
        const { receiver: to, identifier, language, environment, context } = request.body;
        const given = {
          ...(language != null && { language }),
          ...(environment != null && { environment }),
          ...(context != null && !Array.isArray(context) && { context }),
        };
        const { primary } = await acceptUnderKey(deps, request, reply, { to, identifier, ...given });
        const { _id: id, state: status, warning } = primary;
        return { id, status, ...(warning !== undefined && { warning }) };
      },
    );
  },
};
