import type { Static } from 'typebox';
import { withExtension } from '../../../domain/attachment.js';
import type { Api } from '../../app.js';
import type { Deps } from '../../deps.js';
import { keyOf } from '../../idempotency.js';
import { acceptMessage } from '../../routes/messages/accept.js';
import { bodyLimit } from '../../routes/messages/limits.js';
import { wishOf } from '../../routes/messages/wish.js';
import { type MessageRequest, NewMessage } from '../../schemas/message.js';
import { bodyReader } from '../../validation.js';
import { about, refusals, Sent, Single } from './schemas.js';

const read = bodyReader(NewMessage);

export function sending(api: Api, deps: Deps): void {
  api.post(
    '/create',
    {
      bodyLimit: bodyLimit(deps.config),
      config: { scope: 'send', senderIn: (body) => (body as Static<typeof Single>).from_email },
      schema: { ...about, summary: 'Send one email', body: Single, response: { 200: Sent, ...refusals } },
    },
    async (request) => {
      const key = keyOf(request);
      const wish = { ...wishOf(request), ...(key !== undefined && { key }) };
      const [row] = (await acceptMessage(deps, translated(request.body), wish)).group;
      if (row === undefined) throw new Error('An accepted message has no row');
      return { status: 'success', message: { id: row.number, token: row._id } };
    },
  );
}

/** The native request, checked as that is. Opens and clicks are followed: two of the documented webhooks tell of them. */
function translated(mail: Static<typeof Single>): MessageRequest {
  const request = {
    to: named(mail.to_email, mail.to_name),
    from: named(mail.from_email, mail.from_name),
    reply_to: named(mail.reply_to_email, mail.reply_to_name),
    subject: mail.subject,
    html: mail.body,
    ...(mail.plain_text && { text: mail.plain_text }),
    attachments: (mail.attachments ?? []).map(({ data, name, mime }) => ({
      data,
      mime,
      name: withExtension(name, mime),
    })),
    track: true,
  };
  return read(request) as MessageRequest;
}

function named(email: string, name: string) {
  return { email, ...(name !== '' && { name }) };
}
