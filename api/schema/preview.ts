import { type Static, Type } from 'typebox';
import { FINDINGS, type FindingCode } from '../../domain/mail/finding.js';
import { LanguageTag } from '../routes/templates/schema.js';
import { closed, Id, Line, Mailbox, nullable, Timestamp } from './fields.js';
import { AddressList } from './mailboxes.js';

const Sample = Type.Object(
  {
    email: Type.Optional(Mailbox),
    first_name: Type.Optional(nullable(Line(255))),
    last_name: Type.Optional(nullable(Line(255))),
    attributes: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]), {
        maxProperties: 50,
      }),
    ),
  },
  closed,
);

export const PreviewSearch = Type.Object({ subscriber_id: Type.Optional(Id) }, closed);

/** Rendered for one subscriber, or for sample data. */
export const PreviewRequest = Type.Object(
  { subscriber_id: Type.Optional(Id), sample: Type.Optional(Sample) },
  { ...closed, examples: [{ sample: { first_name: 'Ada', attributes: { city: 'London' } } }] },
);

const language = Type.Optional(LanguageTag);
export const TemplatePreviewSearch = Type.Object({ language }, closed);
export const TemplatePreviewRequest = Type.Object(
  {
    language,
    context: Type.Optional(Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.Unknown())),
    html: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500_000, description: 'The body that replaces `content`.' }),
    ),
  },
  { ...closed, examples: [{ language: 'pt', context: { order: { id: '4711' } } }] },
);

export const Finding = Type.Object({
  code: Type.Enum(Object.keys(FINDINGS) as FindingCode[]),
  severity: Type.Enum(['error', 'warning']),
  message: Type.String(),
  where: Type.Optional(Type.String()),
});

export const PreviewView = Type.Object(
  {
    subject: Type.String(),
    preheader: nullable(Type.String()),
    html: Type.String(),
    text: Type.String(),
    bytes: Type.Integer({ description: 'Of the HTML; Gmail cuts mails off at 102 KB.' }),
    missing: Type.Array(Type.String(), { description: 'Variables without a value in this preview.' }),
    findings: Type.Array(Finding),
  },
  {
    examples: [
      {
        subject: 'Hello Ada',
        preheader: null,
        html: '<!doctype html>…',
        text: 'Hello Ada',
        bytes: 12_480,
        missing: [],
      },
    ],
  },
);

const hours = Type.Integer({ minimum: 1, maximum: 720, default: 72, description: 'Until the link expires.' });
export const TemplatePreviewLink = Type.Object({ hours }, { ...closed, examples: [{ hours: 72 }] });
export const CampaignPreviewLink = Type.Object(
  { hours, subscriber_id: Type.Optional(Id) },
  { ...closed, examples: [{ subscriber_id: 42, hours: 72 }] },
);

export const PreviewLinkView = Type.Object(
  { url: Type.String({ description: 'Shows the preview to everyone who has the link.' }), expires_at: Timestamp },
  {
    examples: [
      {
        url: 'https://mail.acme.example/preview/CAABAAAAAAAHAAAAAAAAahl6kJ4zC7m3o6mQ2dXk',
        expires_at: '2026-05-18T09:00:12+00:00',
      },
    ],
  },
);

export const CheckView = Type.Object(
  {
    ok: Type.Boolean({ description: 'False: an error prevents sending.' }),
    bytes: Type.Integer(),
    findings: Type.Array(Finding),
  },
  {
    examples: [
      {
        ok: true,
        bytes: 12_480,
        findings: [{ code: 'image_without_alt', severity: 'warning', message: FINDINGS.image_without_alt.message }],
      },
    ],
  },
);

export const TestSend = Type.Object(
  {
    to: AddressList({ minItems: 1, maxItems: 5 }, 'Members of the account.'),
    subscriber_id: Type.Optional(Id),
    sample: Type.Optional(Sample),
  },
  { ...closed, examples: [{ to: ['grace@acme.example'] }] },
);

export type PreviewResponse = Static<typeof PreviewView>;
export type PreviewRecipient = Static<typeof PreviewRequest>;
