import type { Static } from 'typebox';
import { ATTACHMENT_TYPES, ENVIE_ATTACHMENT_TYPES } from '../../../config/attachment-types.js';
import type { Config } from '../../../config.js';
import { Failure } from '../../../domain/errors.js';
import { bareName, withExtension } from '../../../domain/mail/attachment.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import type { Api } from '../../api.js';
import { secretIn } from '../../hooks/auth.js';
import { bodyReader } from '../../hooks/validation.js';
import { acceptUnderKey, bodyLimit } from '../../routes/messages/routes.js';
import { NewMessage } from '../../routes/messages/schema.js';
import type { Deps } from '../../wiring.js';
import type { Dialect, RefusalResponse } from '../dialect.js';
import { lists } from './lists.js';
import { refusals, routeDefaults, Sent, SingleEmail } from './schemas.js';

/** envie.email: lists and single mails, at the root. */
export const envie: Dialect = {
  prefixes: ['/lists', '/singlesending'],
  credentials: {
    wanted: 'Private-Key: <key>, with its id in Public-Key',
    secretOf: ({ headers }) => secretIn(headers['private-key']),
    matches: ({ headers }, { _id }) => headers['public-key'] === String(_id),
  },
  toRefusal,
  routes: (api, deps, prefix) => (prefix === '/lists' ? lists(api, deps) : sending(api, deps)),
};

/** The status of the document for each native status that it does not have. */
const STATUSES: Readonly<Record<number, number>> = {
  402: 403,
  412: 400,
  413: 400,
  414: 400,
  415: 406,
  422: 400,
  502: 503,
};

/** `{status, error}` with the status of the document; a body that is not JSON is 406. */
function toRefusal({ code, message, errors = {} }: Failure, native: number): RefusalResponse {
  const status = code === 'malformed_json' ? 406 : (STATUSES[native] ?? native);
  return { status, body: { status: 'error', error: Object.values(errors).flat().join(' ') || message } };
}

const read = bodyReader(NewMessage);

function sending(api: Api, deps: Deps): void {
  api.post(
    '/create',
    {
      bodyLimit: bodyLimit(deps.config),
      config: { scope: 'send', senderIn: (body) => (body as Static<typeof SingleEmail>).from_email, keyInRow: true },
      schema: { ...routeDefaults, summary: 'Send one email', body: SingleEmail, response: { 200: Sent, ...refusals } },
    },
    async (request, reply) => {
      const options = { attachmentTypes: typesOf(deps.config) };
      const { primary } = await acceptUnderKey(deps, request, reply, toNativeRequest(request.body), options);
      return { status: 'success', message: { id: primary.number, token: primary._id } };
    },
  );
}

/** The documented types, unless the installation has a list of its own. */
function typesOf({ attachmentTypes }: Pick<Config, 'attachmentTypes'>): readonly string[] {
  return attachmentTypes.join() === ATTACHMENT_TYPES.join() ? ENVIE_ATTACHMENT_TYPES : attachmentTypes;
}

/** The validated native request. Opens and clicks are tracked, because two of the documented webhooks report them. */
function toNativeRequest(mail: Static<typeof SingleEmail>): MessageRequest {
  const files = mail.attachments ?? [];
  demandDistinctNames(files);
  const request = {
    to: mailboxOf(mail.to_email, mail.to_name),
    from: mailboxOf(mail.from_email, mail.from_name),
    reply_to: mailboxOf(mail.reply_to_email, mail.reply_to_name),
    subject: mail.subject,
    html: mail.body,
    ...(mail.plain_text && { text: mail.plain_text }),
    attachments: files.map(({ data, name, mime }) => ({
      data,
      mime,
      name: withExtension(name, mime),
    })),
    track: true,
  };
  return read(request) as MessageRequest;
}

/** Names have no extension, so two types do not make two names of one. */
function demandDistinctNames(files: NonNullable<Static<typeof SingleEmail>['attachments']>): void {
  const names = files.map(({ name, mime }) => bareName(name, mime).toLowerCase());
  if (new Set(names).size < names.length) throw new Failure('attachment_repeated');
}

function mailboxOf(email: string, name: string) {
  return { email, name };
}
