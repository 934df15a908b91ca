import { type Static, Type } from 'typebox';
import { LINK_POLICIES, NO_VOICE } from '../../domain/brand/voice.js';
import type { CurrentVoice } from '../../store/drafts/voices.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed, Line, nullable, Patterned, Timestamp } from '../schema/fields.js';
import { timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const Prose = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const Advice = Type.Array(Line(300, 1), { maxItems: 20 });
const Banned = Type.Array(Line(80, 1), { maxItems: 200 });
const Samples = Type.Array(Prose(5_000), { maxItems: 5, description: 'Sample mails in the right tone.' });
const Url = Patterned('^https?://[^\\s<>"]+$', 'must be an http:// or https:// URL', { maxLength: 2_000 });
const Locale = Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', maxLength: 35, description: 'BCP 47' });
const Links = Type.Array(Type.Object({ label: Line(100, 1), url: Url }, closed), {
  maxItems: 20,
  description: 'Links that every draft may use.',
});
const Policy = Type.Enum([...LINK_POLICIES], {
  description: 'given: links of the request, its prompt and `links`; none: drafts have no links.',
});

const EXAMPLE = {
  audience: 'Owners of small shops who read on their phone',
  tone: { description: 'Plain and warm', do: ['Say the news first'], dont: ['Promise what we do not have'] },
  banned_words: ['revolutionary'],
  locale: 'en-GB',
  samples: ['Hello! From Monday the shop opens at eight.'],
  link_policy: 'given',
  links: [{ label: 'Prices', url: 'https://acme.example/pricing' }],
  signature: 'Grace from Acme',
};

const NewVoice = Type.Object(
  {
    audience: Type.Optional(nullable(Prose(1_000))),
    tone: Type.Optional(
      Type.Object(
        {
          description: Type.Optional(nullable(Prose(1_000))),
          do: Type.Optional(Advice),
          dont: Type.Optional(Advice),
        },
        closed,
      ),
    ),
    banned_words: Type.Optional(Banned),
    locale: Type.Optional(nullable(Locale)),
    samples: Type.Optional(Samples),
    link_policy: Type.Optional(Policy),
    links: Type.Optional(Links),
    signature: Type.Optional(nullable(Prose(300))),
  },
  { ...closed, examples: [EXAMPLE], description: 'The whole voice: absent fields are cleared.' },
);

const VoiceView = Type.Object(
  {
    audience: nullable(Type.String()),
    tone: Type.Object({ description: nullable(Type.String()), do: Advice, dont: Advice }),
    banned_words: Banned,
    locale: nullable(Type.String()),
    samples: Samples,
    link_policy: Policy,
    links: Links,
    signature: nullable(Type.String()),
    version: Type.Integer({ description: '0 until a voice is set; every change is another version.' }),
    hash: Type.String({ description: 'Identifies the voice; each draft records the hash of its voice.' }),
    updated_at: nullable(Timestamp),
  },
  { examples: [{ ...EXAMPLE, version: 1, hash: '9f2c…', updated_at: '2026-05-15T09:00:12+00:00' }] },
);

function newVoice({ tone, ...fields }: Static<typeof NewVoice>) {
  return { ...NO_VOICE, ...fields, tone: { ...NO_VOICE.tone, ...tone } };
}

function voiceView({ created_at, version, hash, ...voice }: CurrentVoice): Static<typeof VoiceView> {
  const { audience, tone, banned_words, locale, samples, link_policy, links, signature } = voice;
  return {
    audience,
    tone: { description: tone.description, do: [...tone.do], dont: [...tone.dont] },
    banned_words: [...banned_words],
    locale,
    samples: [...samples],
    link_policy,
    links: links.map(({ label, url }) => ({ label, url })),
    signature,
    version,
    hash,
    updated_at: timestampOrNull(created_at),
  };
}

const tags = ['Account'];
const ONE = { 200: Data(VoiceView), ...refusals };

/** The brand voice: style rules for drafts by AI. */
export function voice(app: Api, { voices }: Pick<Deps, 'voices'>): void {
  app.get(
    '/account/voice',
    { schema: { tags, summary: 'Retrieve the brand voice', response: ONE } },
    async (request) => ({ data: voiceView(await voices.current(accountOf(request))) }),
  );

  app.put(
    '/account/voice',
    { schema: { tags, summary: 'Set the brand voice', body: NewVoice, response: ONE } },
    async (request) => ({ data: voiceView(await voices.set(accountOf(request), newVoice(request.body))) }),
  );
}
