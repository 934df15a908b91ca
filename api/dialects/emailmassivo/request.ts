import { type Static, type TSchema, Type } from 'typebox';
import type { MessageRequest } from '../../../domain/message/message.js';
import { bodyReader } from '../../hooks/validation.js';
import { NewMessage } from '../../routes/messages/schema.js';
import { closed, Id, Line, Mailbox, nullable } from '../../schema/fields.js';
import { AnyName, Headers, headersIn } from './headers.js';

/** A field that is null counts as one that is not given. */
function optional<S extends TSchema & { type: string }>(schema: S) {
  return Type.Optional(nullable(schema));
}

const Person = Type.Object({ email: Mailbox, name: optional(Line(255)) }, closed);
/** Several addresses: one string with commas, or a list. */
const Copies = Type.Optional(
  Type.Union([Type.String({ maxLength: 20_000 }), Type.Array(Line(320), { maxItems: 50 }), Type.Null()]),
);
/** An address has 320 characters at most, and a name 255. */
const LONGEST_COPY = 700;
const Files = optional(
  Type.Array(Type.Record(AnyName, Type.String()), {
    maxItems: 20,
    description: 'Each file as `{"name.extension": "<base64>"}`.',
  }),
);
/** PHP writes an empty map as `[]`. */
const Params = Type.Union([
  Type.Record(AnyName, Type.Unknown()),
  Type.Array(Type.Unknown(), { maxItems: 0 }),
  Type.Null(),
]);

const envelope = {
  to: Person,
  from: optional(Person),
  previewTitle: optional(Line(255)),
  headers: Type.Optional(Headers),
  cc: Copies,
  bcc: Copies,
  attachments: Files,
};
const commonFields = {
  idempotencyKey: optional(Type.String({ maxLength: 1_000 })),
  attachments: Files,
};
const examplePerson = { email: 'user@example.com', name: 'string' };
const example = { to: examplePerson, from: examplePerson, subject: 'string', previewTitle: 'string' };

export const Send = Type.Object(
  {
    ...commonFields,
    mail: Type.Object(
      {
        ...envelope,
        subject: Line(998, 1),
        html: Type.String({ minLength: 1 }),
        text: optional(Type.String()),
      },
      closed,
    ),
  },
  {
    ...closed,
    examples: [
      { idempotencyKey: 'unique-key-string', mail: { ...example, headers: {}, html: 'string', text: 'string' } },
    ],
  },
);

export const SendByTemplate = Type.Object(
  {
    ...commonFields,
    mail: Type.Object(
      {
        ...envelope,
        subject: optional(Line(998)),
        idTemplateMailUser: Id,
        params: Type.Optional(Params),
      },
      closed,
    ),
  },
  {
    ...closed,
    examples: [
      { idempotencyKey: 'unique-key-string', mail: { ...example, idTemplateMailUser: 7, params: { test: 'string' } } },
    ],
  },
);

export type SendRequest = Static<typeof Send> | Static<typeof SendByTemplate>;

const read = bodyReader(NewMessage);

/** The native request, validated, and the names of header fields that were left out. */
export function toNativeRequest({ mail, attachments }: SendRequest): {
  request: MessageRequest;
  dropped: string[];
} {
  const { kept, dropped, replyTo } = headersIn(mail.headers ?? null);
  const files = [...(attachments ?? []), ...(mail.attachments ?? [])].flatMap((file) => Object.entries(file));
  const request = {
    to: mailboxOf(mail.to),
    ...(mail.from != null && { from: mailboxOf(mail.from) }),
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(mail.subject && { subject: mail.subject }),
    ...(mail.previewTitle && { preheader: mail.previewTitle }),
    cc: copiesIn(mail.cc),
    bcc: copiesIn(mail.bcc),
    headers: kept,
    attachments: files.map(([name, data]) => ({ name, data })),
    ...('idTemplateMailUser' in mail
      ? { template_id: mail.idTemplateMailUser, context: paramsIn(mail.params) }
      : { html: mail.html, ...(mail.text && { text: mail.text }) }),
  };
  return { request: read(request) as MessageRequest, dropped };
}

function paramsIn(given: Static<typeof Params> | undefined): Readonly<Record<string, unknown>> {
  return Array.isArray(given) ? {} : (given ?? {});
}

function mailboxOf({ email, name }: Static<typeof Person>) {
  return { email, ...(name && { name }) };
}

function copiesIn(given: Static<typeof Copies> | undefined): ({ email: string; name?: string } | string)[] {
  const texts = typeof given === 'string' ? given.split(/[,;]/) : (given ?? []);
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(copyIn);
}

/** `Name <address>`, the name in quotes or not; other text stays as it is and is validated later. */
function copyIn(text: string): { email: string; name?: string } | string {
  const start = text.indexOf('<');
  if (text.length > LONGEST_COPY || start === -1 || !text.endsWith('>')) return text;
  const email = text.slice(start + 1, -1);
  const name = text.slice(0, start).trim().replace(/^"/, '').replace(/"$/, '');
  if (/^$|[<>]/.test(email) || name.includes('"')) return text;
  return { email, ...(name && { name }) };
}
