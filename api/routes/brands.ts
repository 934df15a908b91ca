import { type Static, Type } from 'typebox';
import { BRAND_FONTS, type Brand, brandFaults, DEFAULT_BRAND, SOCIAL_NETWORKS } from '../../domain/brand/brand.js';
import { demandNoFaults } from '../../domain/errors.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed, DisplayName, Line, nullable, Patterned } from '../schema/fields.js';
import type { Deps } from '../wiring.js';

const Url = Type.String({ minLength: 9, maxLength: 2_000, description: 'An https address.' });
const Colour = Patterned('^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$', 'must be a colour such as #1f5fbf', {
  examples: ['#1f5fbf'],
});
const Lines = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f]*$' });
const Width = Type.Integer({ minimum: 16, maximum: 536 });
const Language = Type.String({
  pattern: '^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$',
  maxLength: 35,
  description: 'BCP 47',
});

const Social = Type.Object({ network: Type.Enum([...SOCIAL_NETWORKS]), url: Url }, closed);

const EXAMPLE = {
  name: 'Acme',
  website: 'https://acme.example',
  logo: { url: 'https://acme.example/logo.png', alt: 'Acme', width: 140, dark_url: null },
  colors: { primary: '#1f5fbf', background: '#f3f4f6', surface: '#ffffff', text: '#1f2933' },
  font: 'sans' as const,
  header: 'News from the harbour',
  footer: 'You get this letter because you asked for it at acme.example.',
  social: [{ network: 'mastodon' as const, url: 'https://mastodon.example/@acme' }],
  postal_address: '1 Harbour Road\n4000-123 Porto, Portugal',
  language: 'en',
};

const NewLogo = Type.Object(
  {
    url: Url,
    alt: Line(200, 1),
    width: Type.Optional(Width),
    dark_url: Type.Optional(Type.Unsafe<string | null>({ ...Url, type: ['string', 'null'] })),
  },
  closed,
);
const NewColors = Type.Object(
  {
    primary: Type.Optional(Colour),
    background: Type.Optional(Colour),
    surface: Type.Optional(Colour),
    text: Type.Optional(Colour),
  },
  closed,
);

const NewBrand = Type.Object(
  {
    name: Type.Optional(nullable(DisplayName(200))),
    website: Type.Optional(nullable(Url)),
    logo: Type.Optional(nullable(NewLogo)),
    colors: Type.Optional(NewColors),
    font: Type.Optional(Type.Enum([...BRAND_FONTS])),
    header: Type.Optional(nullable(DisplayName(200))),
    footer: Type.Optional(nullable(Lines(1_000))),
    social: Type.Optional(Type.Array(Social, { maxItems: 12 })),
    postal_address: Type.Optional(nullable(Lines(500))),
    language: Type.Optional(Language),
  },
  { ...closed, examples: [EXAMPLE], description: 'The whole brand: absent fields are reset to their defaults.' },
);

const BrandView = Type.Object(
  {
    name: nullable(Type.String()),
    website: nullable(Type.String()),
    logo: nullable(
      Type.Object({ url: Type.String(), alt: Type.String(), width: Width, dark_url: nullable(Type.String()) }),
    ),
    colors: Type.Object({ primary: Colour, background: Colour, surface: Colour, text: Colour }),
    font: Type.Enum([...BRAND_FONTS]),
    header: nullable(Type.String()),
    footer: nullable(Type.String()),
    social: Type.Array(Type.Object({ network: Type.Enum([...SOCIAL_NETWORKS]), url: Type.String() })),
    postal_address: nullable(Type.String()),
    language: Type.String(),
  },
  { examples: [EXAMPLE] },
);

const DEFAULT_WIDTH = 140;

/** The whole brand of a request. */
function newBrand({ logo, colors, ...fields }: Static<typeof NewBrand>): Brand {
  return {
    ...DEFAULT_BRAND,
    ...fields,
    logo: logo == null ? null : { width: DEFAULT_WIDTH, dark_url: null, ...logo },
    colors: { ...DEFAULT_BRAND.colors, ...colors },
  };
}

function brandView(brand: Brand): Static<typeof BrandView> {
  return {
    ...brand,
    logo: brand.logo === null ? null : { ...brand.logo },
    colors: { ...brand.colors },
    social: brand.social.map(({ network, url }) => ({ network, url })),
  };
}

const tags = ['Account'];
const ONE = { 200: Data(BrandView), ...refusals };

/** The brand: logo, colours and texts of every mail that uses a template. */
export function brand(app: Api, { accounts }: Pick<Deps, 'accounts'>): void {
  app.get('/account/brand', { schema: { tags, summary: 'Retrieve the brand', response: ONE } }, async (request) => {
    const { brand: own } = await accounts.settings(accountOf(request));
    return { data: brandView(own ?? DEFAULT_BRAND) };
  });

  app.put(
    '/account/brand',
    { schema: { tags, summary: 'Set the brand', body: NewBrand, response: ONE } },
    async (request) => {
      const own = newBrand(request.body);
      const faults = brandFaults(own);
      demandNoFaults(faults);
      await accounts.change(accountOf(request), { brand: own });
      return { data: brandView(own) };
    },
  );
}
