import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { condensed } from '../../mail/dsn/condense.js';
import { previewOf } from '../../mail/dsn/preview.js';
import type { ReadableMail } from '../../store/inbound/readable.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { LARGEST_REPORT } from '../inbound-smtp.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed, nullable, Timestamp } from '../schema/fields.js';
import { AfterMoment } from '../schema/paging.js';
import { timestamp } from '../timestamp.js';
import { expectAtMost, limitBytes } from '../uploads.js';
import type { Deps } from '../wiring.js';

const tags = ['Bounces'];

const RawSearch = Type.Object(
  {
    to: Type.Optional(
      Type.String({ maxLength: 320, description: 'The envelope recipient, where the header does not contain it.' }),
    ),
  },
  closed,
);

const Received = Type.Object({ id: Type.String() }, { examples: [{ id: 'kTq5…' }] });

const InboundSearch = Type.Object(
  {
    after: AfterMoment,
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  },
  closed,
);

const InboundView = Type.Object(
  {
    id: Type.String(),
    received_at: Timestamp,
    readable_until: Timestamp,
    verdict: Type.String({
      description:
        '`unparsed`: neither a report nor an automatic reply; `auto_reply`; `unknown`: it names no mail of the account; `given_up`: it could not be processed.',
    }),
    to: Type.Array(Type.String(), { description: 'Envelope recipients.' }),
    from: nullable(Type.String()),
    subject: nullable(Type.String()),
    text: Type.String({ description: 'Plain text, up to the returned mail; at most 32 KiB.' }),
  },
  {
    examples: [
      {
        id: 'kTq5…',
        received_at: '2026-05-15T09:00:12+00:00',
        readable_until: '2026-05-18T09:00:12+00:00',
        verdict: 'unparsed',
        to: ['b+…@bounce.acme.example'],
        from: 'postmaster@old.example',
        subject: 'failure notice',
        text: 'Your mail could not be delivered.',
      },
    ],
  },
);

const InboundPage = Type.Object({
  data: Type.Array(InboundView),
  meta: Type.Object({ next: nullable(Type.String()) }),
});

/** Accepts bounces, complaints and unsubscribes that a customer's mail server received, and lists what was not understood. */
export function inboundMail(app: Api, deps: Deps): void {
  listing(app, deps);
  app.register(async (raw: Api) => {
    raw.addContentTypeParser('message/rfc822', async (request: { headers: object }, stream: AsyncIterable<Buffer>) => {
      expectAtMost(request as never, LARGEST_REPORT);
      return condensed(limitBytes(LARGEST_REPORT)(stream));
    });
    receiving(raw, deps);
  });
}

function listing(app: Api, { inbound }: Deps): void {
  app.get(
    '/inbound',
    {
      schema: {
        tags,
        summary: 'List inbound mail that could not be understood, newest first',
        querystring: InboundSearch,
        response: { 200: InboundPage, ...refusals },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const { found, next } = await inbound.readable(accountOf(request), after, limit);
      return { data: await Promise.all(found.map(inboundView)), meta: { next: next ?? null } };
    },
  );
}

async function inboundView(row: ReadableMail): Promise<Static<typeof InboundView>> {
  const { _id: id, to, verdict, received_at, readable_until, raw } = row;
  const times = { received_at: timestamp(received_at), readable_until: timestamp(readable_until) };
  return { id, ...times, verdict, to: [...to], ...(await previewOf(raw)) };
}

function receiving(app: Api, { inbound }: Deps): void {
  app.post(
    '/inbound/raw',
    {
      bodyLimit: LARGEST_REPORT,
      schema: {
        tags,
        summary: 'Submit a raw mail: a bounce, a complaint or an unsubscribe',
        description:
          'The mail itself as `message/rfc822`, up to 32 MiB; stored before the response, processed within seconds.',
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
