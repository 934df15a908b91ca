import { Failure, type FieldErrors } from '../../../domain/errors.js';
import { type CustomHeaders, HEADER_SENTENCES, headersFault } from '../../../domain/mail/custom-headers.js';
import type { Mailbox, MessageContent } from '../../../domain/message/message.js';
import { parseMailbox } from '../../../mail/address.js';
import { type ReadAttachment, readAttachments } from '../../../mail/message/attachments.js';
import { accountSender } from '../../../services/sender.js';
import type { Deps } from '../../wiring.js';
import type { AcceptOptions } from './accept-options.js';
import { type MessageBody, usesTemplate } from './by-template.js';
import { mailboxOf, type NamedRecipient } from './recipients.js';
import type { MessageRequest } from './schema.js';

export interface ReadContent {
  readonly content: MessageContent;
  readonly files: readonly ReadAttachment[];
  readonly fromDomain: string;
}

/** What a request says, checked; throws the Failure that names each field at fault. */
export async function readContent(
  deps: Pick<Deps, 'accounts' | 'config'>,
  { account, anyHeader = false }: Pick<AcceptOptions, 'account' | 'anyHeader'>,
  request: MessageRequest,
  body: MessageBody,
  recipients: readonly NamedRecipient[],
): Promise<ReadContent> {
  const from = request.from == null ? await accountSender(deps, account) : mailboxOf(request.from);
  const reply_to = request.reply_to == null ? null : mailboxOf(request.reply_to);
  demandNoFaults({
    ...bodyFaults(body),
    ...(usesTemplate(request) ? {} : templateFaults(request)),
    ...senderFaults('from', from),
    ...(reply_to !== null && senderFaults('reply_to', reply_to)),
    ...headerFaults(request.headers ?? {}, anyHeader),
    ...metadataFaults(request.metadata ?? {}),
  });
  const { attachmentTypes, attachmentBytes } = deps.config;
  const files = readAttachments((request.attachments ?? []).map(givenFile), {
    types: attachmentTypes,
    bytes: attachmentBytes,
  });
  const content: MessageContent = {
    from,
    reply_to,
    to: mailboxOf(request.to),
    cc: recipients.filter(({ role }) => role === 'cc').map(({ mailbox }) => mailbox),
    subject: body.subject,
    preheader: body.preheader,
    html: body.html || null,
    text: body.text || null,
    headers: { ...request.headers, ...body.headers },
    attachments: files.map(({ ref }) => ref),
  };
  return { content, files, fromDomain: parseMailbox(from.email)?.domain ?? '' };
}

/** What a request without a template says itself. */
export function bodyOfRequest({
  subject = '',
  preheader = null,
  html = null,
  text = null,
}: MessageRequest): MessageBody {
  return { subject, preheader, html, text, headers: {} };
}

function givenFile({ name, data, mime, cid }: NonNullable<MessageRequest['attachments']>[number]) {
  return { name, data, ...(mime !== undefined && { mime }), ...(cid !== undefined && { cid }) };
}

function templateFaults(request: MessageRequest): FieldErrors {
  const unexpected = (['language', 'environment', 'context'] as const).filter((field) => request[field] !== undefined);
  return Object.fromEntries(
    unexpected.map((field) => [field, [`The ${field} field needs template_id or identifier.`]]),
  );
}

function bodyFaults({ html, text, subject }: MessageBody): FieldErrors {
  return {
    ...(!html && !text && { html: ['The html field is required when text is not present.'] }),
    ...(subject.trim() === '' && { subject: ['The subject field is required.'] }),
  };
}

/** Somebody to answer to: an address of ASCII, under a name that does not pretend to be another one. */
function senderFaults(field: string, { email, name }: Mailbox): FieldErrors {
  const address = parseMailbox(email);
  if (address?.ascii !== true) return { [field]: [`The ${field} must be an address that can send.`] };
  const claimed = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[^\s<>"'(),;:]+/.exec(name ?? '')?.[0];
  if (claimed === undefined || parseMailbox(claimed)?.identity === address.identity) return {};
  return { [field]: [`The name of ${field} must not be another address.`] };
}

function headerFaults(headers: CustomHeaders, any: boolean): FieldErrors {
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const repeated = seen.has(name.toLowerCase());
      seen.add(name.toLowerCase());
      const fault = headersFault(name, value) ?? (repeated ? 'malformed' : undefined);
      return fault === undefined || (any && fault === 'unknown')
        ? []
        : [[`headers.${name}`, [`The header ${name} ${HEADER_SENTENCES[fault]}.`]]];
    }),
  );
}

function metadataFaults(metadata: Readonly<Record<string, string>>): FieldErrors {
  const wrong = Object.keys(metadata).filter((name) => !/^[A-Za-z0-9_-]{1,40}$/.test(name));
  const sentence = 'The name must have 1 to 40 letters, digits, dashes or underscores.';
  return Object.fromEntries(wrong.map((name) => [`metadata.${name}`, [sentence]]));
}

function demandNoFaults(faults: FieldErrors): void {
  if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
}
