import { Type } from 'typebox';
import { secretIn } from '../auth.js';
import { envelopeOf } from '../failures.js';
import { keyOf } from '../idempotency.js';
import { acceptMessage } from '../routes/messages/accept.js';
import { wishOf } from '../routes/messages/wish.js';
import { refusals } from '../schemas/envelope.js';
import { closed, Mailbox } from '../schemas/fields.js';
import { byTemplate } from '../schemas/message-template.js';
import { Identifier } from '../schemas/template.js';
import { chapterOf } from './chapters.js';
import type { Dialect } from './dialect.js';

const { language, environment, context } = byTemplate;

const SendEmail = Type.Object(
  { identifier: Identifier, receiver: Mailbox, language, environment, context },
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

/** The document shows no answer: this one is ours. */
const Sent = Type.Object(
  { id: Type.String({ format: 'uuid' }), status: Type.String(), warning: Type.Optional(Type.String()) },
  { examples: [{ id: '01890a5d-ac96-774b-bcce-b302099a8057', status: 'accepted' }] },
);

/** Mailbindr: one route, by the identifier of a template. Refusals are the native ones. */
export const mailbindr: Dialect = {
  prefixes: ['/email'],
  credentials: { secretOf: ({ headers }) => secretIn(headers['x-api-token']) },
  refused: (failure, status) => ({
    status: failure.code === 'template_not_found' ? 404 : status,
    body: envelopeOf(failure),
  }),
  routes: (api, deps) => {
    api.post(
      '/send-email/',
      {
        config: { scope: 'send', senderIn: () => undefined },
        schema: {
          tags: [chapterOf('mailbindr')],
          summary: 'Send an email by the identifier of its template',
          security: [{ 'x-api-token': [] }],
          body: SendEmail,
          response: { 200: Sent, ...refusals },
        },
      },
      async (request) => {
        const { receiver: to, ...by } = request.body;
        const key = keyOf(request);
        const wish = { ...wishOf(request), ...(key !== undefined && { key }) };
        const { group } = await acceptMessage(deps, { to, ...by }, wish);
        const [{ _id: id, state: status, warning } = { _id: '', state: 'accepted' }] = group;
        return { id, status, ...(warning !== undefined && { warning }) };
      },
    );
  },
};
