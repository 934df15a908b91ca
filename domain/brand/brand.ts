import { contrast, inkOn, READABLE, readableOn, rgbOf } from './colour.js';

/** The appearance of an account's mails; every template uses it. */
export interface Brand {
  /** The name of the sender; null: the account's name. */
  readonly name: string | null;
  readonly website: string | null;
  readonly logo: BrandLogo | null;
  readonly colors: BrandColors;
  readonly font: BrandFont;
  /** A line beside or under the logo. */
  readonly header: string | null;
  /** A few lines above the address, such as the reason why the recipient gets the mail. */
  readonly footer: string | null;
  readonly social: readonly SocialLink[];
  /** The postal address of the sender, which the law of most countries requires in bulk mail. */
  readonly postal_address: string | null;
  /** BCP 47: the language of mails that do not set one. */
  readonly language: string;
}

export interface BrandLogo {
  readonly url: string;
  readonly alt: string;
  /** Pixels on the screen, 16 to 560. */
  readonly width: number;
  /** For dark backgrounds, in clients that support it. */
  readonly dark_url: string | null;
}

export interface BrandColors {
  /** Buttons and links. */
  readonly primary: string;
  /** The area around the letter. */
  readonly background: string;
  /** The background of the letter. */
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

/** The name of the first account until it is changed: the product's, which readers must not see. */
export const UNNAMED_ACCOUNT = 'Everpost';

interface BrandOwner {
  readonly name: string;
  readonly brand?: Brand;
}

/** Whether the mails of an account have no name of their own. */
export function isUnnamed({ name, brand = DEFAULT_BRAND }: BrandOwner): boolean {
  return brand.name === null && name === UNNAMED_ACCOUNT;
}

/**
 * The brand of an account; its name is the account's unless the brand sets one. `others` are names for an account without
 * one, the first that is set: of the sender, of the list.
 */
export function brandOf(owner: BrandOwner, others: readonly (string | null)[] = []): Brand {
  const { name, brand = DEFAULT_BRAND } = owner;
  const instead = isUnnamed(owner) ? others.find((one) => one !== null && one.trim() !== '') : undefined;
  return { ...brand, name: instead ?? brand.name ?? name };
}

/** Whether the brand has settings besides name and language. A fresh installation must be able to send. */
export function isSetUp({ name, language, ...settings }: Brand): boolean {
  const { name: _, language: __, ...defaults } = DEFAULT_BRAND;
  return JSON.stringify(Object.entries(settings).sort()) !== JSON.stringify(Object.entries(defaults).sort());
}

/** Colours of a mail in light or dark mode; each pair of text and background is readable (4.5:1). */
export interface Palette {
  readonly background: string;
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly link: string;
  readonly button: string;
  readonly button_text: string;
  readonly line: string;
  /** Text outside the letter: header and footer. */
  readonly outside: string;
}

const DARK = { background: '#101317', surface: '#1a1e24', text: '#e6e9ee', muted: '#a7afba', line: '#39414c' };

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

/** Dark mode has its own backgrounds; it keeps the brand's primary colour. */
export function darkPalette({ primary }: BrandColors): Palette {
  const button = contrast(primary, DARK.surface) >= 1.6 ? primary : readableOn(DARK.surface, primary);
  return {
    ...DARK,
    link: readableOn(DARK.surface, primary),
    button,
    button_text: inkOn(button),
    outside: readableOn(DARK.background, DARK.muted),
  };
}

/** Faults of a brand's colours by field; empty if all are readable. */
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

/** Whether the URL is absolute and uses https. */
function isSecureUrl(text: string): boolean {
  return /^https:\/\/[^\s"'<>\\^`{|}]+$/i.test(text) && text.length <= 2_000;
}

/** URLs that mail clients would refuse or warn about, by field. */
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
