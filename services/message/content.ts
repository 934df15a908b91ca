import type { Config } from '../../config.js';
import { demandNoFaults, type FieldErrors } from '../../domain/errors.js';
import { type CustomHeaders, HEADER_SENTENCES, headersFault } from '../../domain/mail/custom-headers.js';
import type { MessageContent, MessageRequest } from '../../domain/message/message.js';
import { parseMailbox } from '../../mail/address.js';
import { type ReadAttachment, readAttachments } from '../../mail/message/attachments.js';
import { senderFaults } from '../../mail/sender-mailbox.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import { accountSender } from '../sender.js';
import { type MailableRecipient, mailboxOf, type Recipients } from './recipients.js';
import { type MessageBody, usesTemplate } from './template-body.js';

export interface ContentStores {
  readonly accounts: Accounts;
  readonly config: Pick<Config, 'attachmentBytes' | 'attachmentTypes' | 'mailFrom'>;
}

interface ContentOptions {
  readonly account: number;
  readonly anyHeader?: boolean;
  readonly attachmentTypes?: readonly string[];
}

export interface ReadContent {
  readonly content: MessageContent;
  readonly files: readonly ReadAttachment[];
  readonly fromDomain: string;
}

/** The content of a request, checked. Throws the Failure that names each field at fault. */
export async function readContent(
  stores: ContentStores,
  { account, anyHeader = false, attachmentTypes }: ContentOptions,
  request: MessageRequest,
  body: MessageBody,
  [primary, ...copies]: Recipients<MailableRecipient>,
): Promise<ReadContent> {
  const from = request.from == null ? await accountSender(stores, account) : mailboxOf(request.from);
  const fromAddress = parseMailbox(from.email);
  const reply_to = request.reply_to == null ? null : mailboxOf(request.reply_to);
  demandNoFaults({
    ...bodyFaults(body),
    ...(usesTemplate(request) ? {} : templateFaults(request)),
    // A sender of the request was checked with its fields; an account may have got its own before that was done.
    ...(request.from == null && senderFaults('from', from, 'text')),
    ...headerFaults(request.headers ?? {}, anyHeader),
    ...metadataFaults(request.metadata ?? {}),
  });
  const { attachmentTypes: allowed, attachmentBytes: bytes } = stores.config;
  const types = allowed.filter((type) => attachmentTypes?.includes(type) ?? true);
  const files = readAttachments(request.attachments ?? [], { types, bytes });
  const content: MessageContent = {
    from,
    reply_to,
    to: primary.mailbox,
    cc: copies.filter(({ role }) => role === 'cc').map(({ mailbox }) => mailbox),
    subject: body.subject,
    preheader: body.preheader,
    html: body.html || null,
    text: body.text || null,
    ...(body.textLinks !== undefined && { text_links: body.textLinks }),
    headers: { ...request.headers, ...body.headers },
    attachments: files.map(({ ref }) => ref),
  };
  return { content, files, fromDomain: fromAddress?.domain ?? '' };
}

/** The body of a request without a template. */
export function bodyOfRequest({
  subject = '',
  preheader = null,
  html = null,
  text = null,
}: MessageRequest): MessageBody {
  return { subject, preheader, html, text, headers: {} };
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

function headerFaults(headers: CustomHeaders, any: boolean): FieldErrors {
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const repeated = seen.has(name.toLowerCase());
      seen.add(name.toLowerCase());
      const fault = headersFault(name, value, any ? 'any' : 'known') ?? (repeated ? 'malformed' : undefined);
      return fault === undefined ? [] : [[`headers.${name}`, [`The header ${name} ${HEADER_SENTENCES[fault]}.`]]];
    }),
  );
}

function metadataFaults(metadata: Readonly<Record<string, string>>): FieldErrors {
  // MongoDB's driver takes an object with a field `_bsontype` for a value of its own.
  const wrong = Object.keys(metadata).filter((name) => !/^[A-Za-z0-9_-]{1,40}$/.test(name) || name === '_bsontype');
  const sentence = 'The name must have 1 to 40 letters, digits, dashes or underscores.';
  return Object.fromEntries(wrong.map((name) => [`metadata.${name}`, [sentence]]));
}
