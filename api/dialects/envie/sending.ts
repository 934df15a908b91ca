import type { Static } from 'typebox';
import { withExtension } from '../../../domain/mail/attachment.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import { acceptMessage } from '../../../services/accept-message.js';
import type { Api } from '../../api.js';
import { keyOf } from '../../hooks/idempotency.js';
import { bodyReader } from '../../hooks/validation/validation.js';
import { acceptOptionsOf, bodyLimit } from '../../routes/messages/posting.js';
import { NewMessage } from '../../routes/messages/schema.js';
import type { Deps } from '../../wiring.js';
import { refusals, routeDefaults, Sent, SingleEmail } from './schemas.js';

const read = bodyReader(NewMessage);

export function sending(api: Api, deps: Deps): void {
  api.post(
    '/create',
    {
      bodyLimit: bodyLimit(deps.config),
      config: { scope: 'send', senderIn: (body) => (body as Static<typeof SingleEmail>).from_email },
      schema: { ...routeDefaults, summary: 'Send one email', body: SingleEmail, response: { 200: Sent, ...refusals } },
    },
    async (request) => {
      const options = acceptOptionsOf(request, keyOf(request));
      const { primary } = await acceptMessage(deps, toNativeRequest(request.body), options);
      return { status: 'success', message: { id: primary.number, token: primary._id } };
    },
  );
}

/** The validated native request. Opens and clicks are tracked, because two of the documented webhooks report them. */
function toNativeRequest(mail: Static<typeof SingleEmail>): MessageRequest {
  const request = {
    to: mailboxOf(mail.to_email, mail.to_name),
    from: mailboxOf(mail.from_email, mail.from_name),
    reply_to: mailboxOf(mail.reply_to_email, mail.reply_to_name),
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

function mailboxOf(email: string, name: string) {
  return { email, ...(name !== '' && { name }) };
}
