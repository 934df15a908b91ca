import { Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { LARGEST_REPORT } from '../inbound-smtp.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed } from '../schema/fields.js';
import type { Deps } from '../wiring.js';

const RawSearch = Type.Object(
  {
    to: Type.Optional(
      Type.String({ maxLength: 320, description: 'The envelope recipient, where the header does not contain it.' }),
    ),
  },
  closed,
);

const Received = Type.Object({ id: Type.String() }, { examples: [{ id: 'kTq5…' }] });

/** Accepts bounces, complaints and unsubscribes that a customer's mail server received. */
export function inboundMail(app: Api, deps: Deps): void {
  app.register(async (raw: Api) => {
    raw.addContentTypeParser(
      'message/rfc822',
      { parseAs: 'buffer', bodyLimit: LARGEST_REPORT },
      (_request, body, done) => done(null, body),
    );
    receiving(raw, deps);
  });
}

function receiving(app: Api, { inbound }: Deps): void {
  app.post(
    '/inbound/raw',
    {
      bodyLimit: LARGEST_REPORT,
      schema: {
        tags: ['Bounces'],
        summary: 'Submit a raw mail: a bounce, a complaint or an unsubscribe',
        description: 'The mail itself as `message/rfc822`; stored before the response, processed within seconds.',
        querystring: RawSearch,
        consumes: ['message/rfc822'],
        response: { 202: Data(Received), ...refusals },
      },
    },
    async (request, reply) => {
      if (!Buffer.isBuffer(request.body)) {
        throw new Failure('unsupported_media_type', undefined, 'Send the mail itself as message/rfc822.');
      }
      const { to } = request.query;
      const id = await inbound.saveMail(accountOf(request), request.body, to === undefined ? [] : [to]);
      return reply.code(202).send({ data: { id } });
    },
  );
}
