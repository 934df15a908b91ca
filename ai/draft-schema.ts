import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { DraftText } from '../domain/draft/draft.js';
import type { Block } from '../domain/mail/blocks.js';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 5_000 });
const Short = Type.String({ minLength: 1, maxLength: 300, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });

/** The blocks that a model may use. The model must not choose pictures. */
const BLOCKS = [
  Type.Object({ type: Type.Literal('heading'), text: Short, level: Type.Optional(Type.Enum([1, 2, 3])) }, closed),
  Type.Object({ type: Type.Literal('paragraph'), text: Text }, closed),
  Type.Object({ type: Type.Literal('button'), label: Short, url: Type.String({ maxLength: 2_000 }) }, closed),
  Type.Object(
    {
      type: Type.Literal('list'),
      items: Type.Array(Text, { minItems: 1, maxItems: 30 }),
      ordered: Type.Optional(Type.Boolean()),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('quote'), text: Text }, closed),
  Type.Object({ type: Type.Literal('divider') }, closed),
];

const DraftOutput = Type.Object(
  {
    subject: Type.String({ minLength: 1, maxLength: 150, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
    preheader: Type.String({ maxLength: 150, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
    blocks: Type.Array(Type.Union(BLOCKS), { minItems: 1, maxItems: 60 }),
  },
  closed,
);

const validator = Compile(DraftOutput);

/** The same shape for endpoints with structured output: every field is required and lengths are absent. */
export const DRAFT_SCHEMA = {
  name: 'email_draft',
  schema: {
    ...record(
      { subject: { type: 'string' }, preheader: { type: 'string' } },
      {
        blocks: {
          type: 'array',
          items: {
            anyOf: [
              record({ ...kind('heading'), text: { type: 'string' }, level: { type: 'integer', enum: [1, 2, 3] } }),
              record({ ...kind('paragraph'), text: { type: 'string' } }),
              record({ ...kind('button'), label: { type: 'string' }, url: { type: 'string' } }),
              record({
                ...kind('list'),
                items: { type: 'array', items: { type: 'string' } },
                ordered: { type: 'boolean' },
              }),
              record({ ...kind('quote'), text: { type: 'string' } }),
              record(kind('divider')),
            ],
          },
        },
      },
    ),
  },
};

function kind(type: Block['type']) {
  return { type: { type: 'string', const: type } };
}

function record(fields: Record<string, object>, more: Record<string, object> = {}) {
  const properties = { ...fields, ...more };
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

export type ParsedDraft = { readonly text: DraftText } | { readonly faults: readonly string[] };

/** Parses the output of a model. Some endpoints ignore the schema or wrap the JSON in a code fence. */
export function parseDraft(output: string): ParsedDraft {
  const json = parsed(output.trim().replace(/^```(?:json)?\s*|\s*```$/g, ''));
  if (json === undefined) return { faults: ['The answer is not JSON.'] };
  if (!validator.Check(json)) {
    const faults = validator
      .Errors(json)
      .map(({ instancePath, message }) => `${instancePath || 'The answer'} ${message}.`);
    return { faults: [...new Set(faults)].slice(0, 6) };
  }
  return { text: json as Static<typeof DraftOutput> as DraftText };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
