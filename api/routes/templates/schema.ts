import { type Static, Type } from 'typebox';
import { LANGUAGE_TAG } from '../../../domain/template.js';
import { closed, Id, Line, nullable, Patterned, Timestamp } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';

export const LONGEST_SOURCE = 500_000;
const Source = nullable(Type.String({ minLength: 1, maxLength: LONGEST_SOURCE }));

export const LanguageTag = Patterned(LANGUAGE_TAG.source, 'must be a language tag, such as en or pt-BR');
export const Identifier = Patterned(
  '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
  'must have 1 to 100 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
);

/** The identifier works too: `acceptIdentifiers` replaces it. */
export const TemplatePath = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The id or the identifier.' }),
});

const LanguageContent = Type.Object(
  {
    subject: Type.Optional(nullable(Line(998, 1))),
    preheader: Type.Optional(nullable(Line(255))),
    html: Type.Optional(Source),
    mjml: Type.Optional(Source),
    text: Type.Optional(Source),
  },
  { ...closed, description: 'Every field may contain Liquid. Give either `html` or `mjml`.' },
);

/** `readContents` checks the language tags: with a pattern here, other keys would pass without validation. */
const Contents = Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), LanguageContent, {
  minProperties: 1,
  maxProperties: 30,
  description: 'Contents by language. A change replaces them as a whole.',
});

const fields = {
  category: Type.Optional(Line(60, 1)),
  identifier: Type.Optional(Type.Union([Identifier, Type.Null()])),
  default_language: Type.Optional(LanguageTag),
};

const EXAMPLE = {
  name: 'Order receipt',
  category: 'receipt',
  identifier: 'order-receipt',
  default_language: 'en',
  contents: {
    en: { subject: 'Your order {{ order.id }}', html: '<p>Thank you, {{ name }}.</p>' },
    'pt-BR': { subject: 'Seu pedido {{ order.id }}', html: '<p>Obrigado, {{ name }}.</p>' },
  },
};

export const NewTemplate = Type.Object(
  { name: Line(255, 1), ...fields, contents: Contents },
  { ...closed, examples: [EXAMPLE] },
);

export const TemplatePatch = Type.Object(
  {
    name: Type.Optional(Line(255, 1)),
    ...fields,
    contents: Type.Optional(Contents),
    is_default: Type.Optional(Type.Boolean({ description: 'Whether campaigns without a template use this one.' })),
  },
  { ...closed, examples: [{ name: 'Receipt', is_default: true }] },
);

export const TemplateCopy = Type.Object(
  { name: Type.Optional(Line(255, 1)), identifier: fields.identifier },
  { ...closed, examples: [{ name: 'Our digest' }] },
);

export const Rollback = Type.Object({ version: Id }, { ...closed, examples: [{ version: 3 }] });

export const TemplateSearch = Type.Object({ category: Type.Optional(Line(60, 1)), ...pageFields(50) }, closed);

export const VersionSearch = Type.Object(
  { after: Type.Optional(Id), limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }) },
  closed,
);

export const VersionPath = Type.Object({ id: Id, version: Id });

const row = {
  id: Id,
  name: Type.String(),
  category: Type.String(),
  is_system: Type.Boolean(),
  is_default: Type.Boolean(),
  identifier: nullable(Type.String()),
  default_language: Type.String(),
  revision: Type.Integer(),
  published_version: nullable(Type.Integer()),
  published_at: nullable(Timestamp),
  has_unpublished_changes: Type.Boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
};

const LanguageContentView = Type.Object({
  subject: nullable(Type.String()),
  preheader: nullable(Type.String()),
  html: nullable(Type.String()),
  mjml: nullable(Type.String()),
  text: nullable(Type.String()),
});
const ContentsView = Type.Record(Type.String(), LanguageContentView);

export const TemplateRow = Type.Object(row);

const example = {
  method: Type.String(),
  url: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  body: Type.Record(Type.String(), Type.Unknown()),
  curl: Type.String(),
};

const IntegrationExample = Type.Object(example, {
  description: 'Integration example: a request that sends a message with this template and all its variables.',
});

const MailbindrExample = nullable(
  Type.Object(example, {
    description: 'The same for the API of mailbindr; null without an identifier, and where this dialect is turned off.',
  }),
);

export const TemplateView = Type.Object(
  { ...row, contents: ContentsView, request: IntegrationExample, mailbindr_request: MailbindrExample },
  { examples: [{ id: 101, ...EXAMPLE, is_system: false, is_default: false, revision: 2, published_version: 1 }] },
);

const version = {
  version: Type.Integer(),
  copy_of: nullable(Type.Integer({ description: 'The earlier version that this version repeats.' })),
  published_at: Timestamp,
};

const VersionRow = Type.Object({ ...version, is_current: Type.Boolean() });
export const VersionPage = Type.Object({
  data: Type.Array(VersionRow),
  meta: Type.Object({ next: nullable(Type.Integer()) }),
});
export const VersionView = Type.Object({
  version: Type.Integer(),
  published_at: nullable(Timestamp),
  default_language: Type.String(),
  contents: ContentsView,
});

export type ContentsRequest = Static<typeof Contents>;
export type TemplateRowResponse = Static<typeof TemplateRow>;
export type IntegrationExampleResponse = Static<typeof IntegrationExample>;
export type ContentsResponse = Static<typeof ContentsView>;
