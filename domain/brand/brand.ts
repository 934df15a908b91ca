import { contrast, inkOn, READABLE, readableOn, rgbOf } from './colour.js';

/** What an account looks like in the mails it sends; flows into every template. */
export interface Brand {
  /** Who the mail says it is from; null: the account's name. */
  readonly name: string | null;
  readonly website: string | null;
  readonly logo: BrandLogo | null;
  readonly colors: BrandColors;
  readonly font: BrandFont;
  /** A line beside or under the logo. */
  readonly header: string | null;
  /** A few lines above the address, such as why somebody gets this mail. */
  readonly footer: string | null;
  readonly social: readonly SocialLink[];
  /** Where letters reach the sender: the law of most countries asks for it in bulk mail. */
  readonly postal_address: string | null;
  /** BCP 47: the language of mails that do not name one. */
  readonly language: string;
}

export interface BrandLogo {
  readonly url: string;
  readonly alt: string;
  /** Pixels on the screen, 16 to 560. */
  readonly width: number;
  /** Shown on dark backgrounds by clients that can. */
  readonly dark_url: string | null;
}

export interface BrandColors {
  /** Buttons and links. */
  readonly primary: string;
  /** Around the letter. */
  readonly background: string;
  /** The letter's paper. */
  readonly surface: string;
  readonly text: string;
}

export const BRAND_FONTS = ['sans', 'serif', 'mono'] as const;
type BrandFont = (typeof BRAND_FONTS)[number];

export const SOCIAL_NETWORKS = [
  'bluesky',
  'facebook',
  'github',
  'instagram',
  'linkedin',
  'mastodon',
  'pinterest',
  'threads',
  'tiktok',
  'whatsapp',
  'x',
  'youtube',
  'website',
] as const;
type SocialNetwork = (typeof SOCIAL_NETWORKS)[number];

interface SocialLink {
  readonly network: SocialNetwork;
  readonly url: string;
}

export const DEFAULT_BRAND: Brand = {
  name: null,
  website: null,
  logo: null,
  colors: { primary: '#1f5fbf', background: '#f3f4f6', surface: '#ffffff', text: '#1f2933' },
  font: 'sans',
  header: null,
  footer: null,
  social: [],
  postal_address: null,
  language: 'en',
};

/** What the mails of an account look like: its brand where it has set one up, under its own name. */
export function brandOf({ name, brand = DEFAULT_BRAND }: { readonly name: string; readonly brand?: Brand }): Brand {
  return { ...brand, name: brand.name ?? name };
}

/** Whether somebody has said anything of it but a name and a language: a fresh installation must be able to send. */
export function isSetUp({ name, language, ...looks }: Brand): boolean {
  const { name: _, language: __, ...defaults } = DEFAULT_BRAND;
  return JSON.stringify(Object.entries(looks).sort()) !== JSON.stringify(Object.entries(defaults).sort());
}

/** Colours of a mail by day and by night, each pair of text and background readable (4.5:1). */
export interface Palette {
  readonly background: string;
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly link: string;
  readonly button: string;
  readonly button_text: string;
  readonly line: string;
  /** Text outside the paper: header and footer. */
  readonly outside: string;
}

const NIGHT = { background: '#101317', surface: '#1a1e24', text: '#e6e9ee', muted: '#a7afba', line: '#39414c' };

export function lightPalette({ primary, background, surface, text }: BrandColors): Palette {
  const muted = readableOn(surface, '#5d6772');
  return {
    background,
    surface,
    text,
    muted,
    link: readableOn(surface, primary),
    button: primary,
    button_text: inkOn(primary),
    line: inkOn(surface) === '#000000' ? '#dde1e6' : '#4a525c',
    outside: readableOn(background, '#5d6772'),
  };
}

/** The night has its own paper; of the brand it keeps the colour that tells it from others. */
export function darkPalette({ primary }: BrandColors): Palette {
  const button = contrast(primary, NIGHT.surface) >= 1.6 ? primary : readableOn(NIGHT.surface, primary);
  return {
    ...NIGHT,
    link: readableOn(NIGHT.surface, primary),
    button,
    button_text: inkOn(button),
    outside: readableOn(NIGHT.background, NIGHT.muted),
  };
}

/** What is wrong with a brand's colours, by field; empty where all can be read. */
function colourFaults(colors: BrandColors): Readonly<Record<string, readonly string[]>> {
  const faults: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(colors)) {
    if (rgbOf(value) === undefined) faults[`colors.${name}`] = [`The colors.${name} must be a colour such as #1f5fbf.`];
  }
  if (Object.keys(faults).length > 0) return faults;
  const ratio = contrast(colors.text, colors.surface);
  if (ratio < READABLE) {
    const shown = ratio.toFixed(1);
    faults['colors.text'] = [`The colors.text has a contrast of ${shown}:1 on colors.surface; 4.5:1 is needed.`];
  }
  return faults;
}

/** Absolute and encrypted, or a refusal for the field. */
function isSecureUrl(text: string): boolean {
  return /^https:\/\/[^\s"'<>\\^`{|}]+$/i.test(text) && text.length <= 2_000;
}

/** Addresses that mail clients would refuse or warn about, by field. */
function addressFaults(brand: Brand): Readonly<Record<string, readonly string[]>> {
  const named: [string, string | null][] = [
    ['website', brand.website],
    ['logo.url', brand.logo?.url ?? null],
    ['logo.dark_url', brand.logo?.dark_url ?? null],
    ...brand.social.map(({ url }, i): [string, string] => [`social.${i}.url`, url]),
  ];
  const wrong = named.filter(([, url]) => url !== null && !isSecureUrl(url));
  return Object.fromEntries(wrong.map(([field]) => [field, [`The ${field} must be an https address.`]]));
}

export function brandFaults(brand: Brand): Readonly<Record<string, readonly string[]>> {
  return { ...addressFaults(brand), ...colourFaults(brand.colors) };
}
