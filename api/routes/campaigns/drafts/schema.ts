import { type Static, Type } from 'typebox';
import { DRAFT_REASONS, DRAFT_STATES } from '../../../../domain/draft/draft.js';
import { closed, Id, nullable, Timestamp } from '../../../schema/fields.js';

const Link = Type.String({ maxLength: 2_000, pattern: '^https?://[^\\s<>"]+$' });

const Prompt = Type.String({ minLength: 5, maxLength: 2000 });
const Links = Type.Array(Link, { maxItems: 20, description: 'Links the draft may use, besides those in the prompt.' });
const Source = Type.String({
  minLength: 1,
  maxLength: 20_000,
  description: 'External text to write about. The model follows no instructions in it and uses none of its links.',
});

export const Ai = Type.Object(
  { prompt: Prompt, links: Type.Optional(Links), source: Type.Optional(nullable(Source)) },
  closed,
);

export const NewDraft = Type.Object(
  {
    prompt: Type.Optional(nullable(Prompt)),
    links: Type.Optional(Links),
    source: Type.Optional(nullable(Source)),
  },
  {
    ...closed,
    description: 'Omitted fields keep the value of the previous version.',
    examples: [{ prompt: 'The same, half as long.' }],
  },
);

export const DraftPath = Type.Object({ id: Id, n: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });

const Call = Type.Object({
  model: Type.String(),
  outcome: Type.String(),
  prompt_version: Type.String(),
  input_tokens: Type.Integer(),
  cached_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  estimated: Type.Boolean(),
  latency_ms: Type.Integer(),
  price_version: Type.String(),
  cost_micros: nullable(Type.Integer({ description: 'Millionths of a US dollar; null: the price is unknown.' })),
  request_id: nullable(Type.String()),
});

export const DraftView = Type.Object(
  {
    n: Type.Integer(),
    state: Type.Enum([...DRAFT_STATES]),
    chosen: Type.Boolean({ description: 'This version is the text of the campaign.' }),
    prompt: Type.String(),
    links: Type.Array(Type.String()),
    source: nullable(Type.String()),
    subject: nullable(Type.String()),
    preheader: nullable(Type.String()),
    content: nullable(Type.String()),
    reason: nullable(Type.String({ enum: [...DRAFT_REASONS] })),
    detail: nullable(Type.String()),
    said: nullable(Type.String({ description: 'The last unusable answer of the model.' })),
    voice: nullable(Type.String({ description: 'Hash of the brand voice of this version.' })),
    calls: Type.Array(Call, { description: 'Tokens and cost of each call to the model.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [
      {
        n: 1,
        state: 'ready',
        chosen: true,
        prompt: 'Announce our new pricing tiers and free 14-day trial.',
        links: [],
        source: null,
        subject: 'Our new pricing tiers',
        preheader: 'Plus a free 14-day trial — start anytime.',
        content: '<p>...</p>',
        reason: null,
        detail: null,
        said: null,
        voice: '9f2c…',
        calls: [
          {
            model: 'gpt-4.1-mini',
            outcome: 'answer',
            prompt_version: '5d41402abc4b',
            input_tokens: 812,
            cached_tokens: 0,
            output_tokens: 204,
            estimated: false,
            latency_ms: 2140,
            price_version: '2026-11',
            cost_micros: 651,
            request_id: 'req_7f3a',
          },
        ],
        created_at: '2026-05-15T08:59:47+00:00',
        updated_at: '2026-05-15T08:59:50+00:00',
      },
    ],
  },
);

export type AiRequest = Static<typeof Ai>;
export type DraftResponse = Static<typeof DraftView>;
