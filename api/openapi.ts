import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from 'typebox';
import { DIALECTS, packageRoot } from '../config.js';
import type { Api } from './api.js';
import { DIALECT_KEYS, tagOf } from './dialects/dialect.js';
import { WEBHOOK_OPERATIONS, WEBHOOK_ROWS } from './webhook-operations.js';
import type { Deps } from './wiring.js';

const INTRODUCTION = `Newsletters that arrive once. Every recipient whose delivery is uncertain is listed.

Authenticate with \`Authorization: Bearer evp_…\`. Every answer is \`{data, meta}\` or \`{error}\`. Every POST takes an
\`Idempotency-Key\`: a repeat with the same key and body replays the first response. With
\`Everpost-Account: <id>\` a key of an agency acts for that client, on every route.`;

/** In reading order. */
const TAGS = [
  'Messages',
  'Templates',
  'Campaigns',
  'Newsletters',
  'Lists',
  'Subscribers',
  'Imports',
  'Suppressions',
  'Events',
  'Webhooks',
  'Bounces',
  'Domains',
  'Transports',
  'Account',
  'Keys',
  'Agency',
  'Operations',
  'Public pages',
  ...DIALECTS.map(tagOf),
];

const IDEMPOTENCY_KEY = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      maxLength: 255,
      description: 'Chosen by the caller: a repeat with the same key is not processed twice.',
    }),
  ),
});

/** The page loads nothing from other origins. */
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves OpenAPI 3.1, made from the schemas of the routes, at `/openapi.json`, and an interactive page at `/docs`. */
export async function documentRoutes(app: Api, { config }: Pick<Deps, 'config'>): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Everpost', description: INTRODUCTION, version: version() },
      servers: [{ url: config.publicUrl }],
      webhooks: WEBHOOK_OPERATIONS,
      components: {
        schemas: WEBHOOK_ROWS,
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          query: { type: 'apiKey', in: 'query', name: 'api_key' },
          ...DIALECT_KEYS,
        },
      },
      security: [{ bearer: [] }, { query: [] }],
      tags: TAGS.map((name) => ({ name })),
    },
    transformObject: (document) =>
      markOptionalFields('openapiObject' in document ? document.openapiObject : document.swaggerObject),
    transform: ({ schema, url, route }) => {
      const isIdempotent = route.method === 'POST' && url.startsWith('/api/v1');
      return { url, schema: isIdempotent ? { ...schema, headers: IDEMPOTENCY_KEY } : schema };
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { deepLinking: true, validatorUrl: null, displayRequestDuration: true },
    theme: {
      title: 'Everpost API',
      css: [{ filename: 'quiet.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

interface Shape {
  required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
}

interface Parameter {
  required?: boolean;
  readonly schema?: { readonly default?: unknown };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    required?: boolean;
    readonly content?: Readonly<Record<string, { readonly schema?: Shape }>>;
  };
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Marks optional fields in the document: those with a default, and a body without required fields. */
function markOptionalFields<T extends object>(document: T): T {
  const { paths = {} } = document as Document;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.schema?.default !== undefined) parameter.required = false;
    }
    const { requestBody } = operation;
    const schemas = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => schema ?? []);
    for (const schema of schemas) withoutDefaults(schema);
    const needed = schemas.some(({ required = [] }) => required.length > 0);
    if (requestBody !== undefined && !needed) requestBody.required = false;
  }
  return document;
}

function withoutDefaults(schema: Shape): void {
  if (schema.required === undefined) return;
  schema.required = schema.required.filter((name) => schema.properties?.[name]?.default === undefined);
}
