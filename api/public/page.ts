import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { packageRoot } from '../../config.js';
import { type BrandLogo, DEFAULT_BRAND, isUnnamed } from '../../domain/brand/brand.js';
import { inkOn, readableOn } from '../../domain/brand/colour.js';
import { type Html, html } from '../../domain/html.js';
import { LANGUAGES, type Language, preferredLanguage } from '../../domain/language.js';
import { postalAddressOf } from '../../domain/subscriber/confirmation.js';
import { type TranslationKey, translate } from '../../mail/translate.js';
import type { List } from '../../store/lists/lists.js';
import type { Deps } from '../wiring.js';

/** The account's identity on the page, from its brand. */
interface PageBrand {
  readonly name: string | null;
  readonly logo: Pick<BrandLogo, 'url' | 'alt' | 'dark_url'> | null;
  /** `#rrggbb`; adjusted where it would not be legible. */
  readonly accent: string;
  readonly address: string | null;
}

export interface PublicPage {
  readonly language: Language;
  readonly brand: PageBrand;
  /** The heading and title of the page, as plain text. */
  readonly title: string;
  /** The content after the heading; `html` escapes inserted values. */
  readonly body: Html;
  /** The languages offered in the footer; absent where the page is not translated. */
  readonly languageChoice?: boolean;
  /** A wide layout, for a preview for instance. */
  readonly wide?: boolean;
}

/** Not indexed, not cached, not framed; sends no referrer. */
export const PRIVATE_HEADERS = {
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** For pages of no account. */
export const NO_BRAND: PageBrand = { name: null, logo: null, accent: DEFAULT_BRAND.colors.primary, address: null };

const STYLE = readFileSync(join(packageRoot(), 'content', 'pages', 'page.css'), 'utf8');
/** The card colours of `page.css` in light and dark mode; the accent must be legible on them. */
const CARDS = { light: '#ffffff', dark: '#1b202b' } as const;

/**
 * A public page, usable without JavaScript: no script, no cookie, no external content but the account's logo; not indexed,
 * not cached.
 */
export function sendPage(reply: FastifyReply, status: number, page: PublicPage): FastifyReply {
  const style = `${coloursOf(page.brand)}\n${STYLE}`;
  return reply
    .code(status)
    .headers({
      ...PRIVATE_HEADERS,
      'content-security-policy': policyFor(style, page.brand),
      'content-language': page.language,
    })
    .type('text/html; charset=utf-8')
    .serializer((markup: string) => markup)
    .send(documentOf(page, style).markup);
}

function coloursOf({ accent }: PageBrand): string {
  const [light, dark] = [readableOn(CARDS.light, accent), readableOn(CARDS.dark, accent)];
  return `:root { --accent-light: ${light}; --ink-light: ${inkOn(light)}; --accent-dark: ${dark}; --ink-dark: ${inkOn(dark)}; }`;
}

function policyFor(style: string, { logo }: PageBrand): string {
  const hash = createHash('sha256').update(style).digest('base64');
  const images = [logo?.url ?? [], logo?.dark_url ?? []].flat().map(sourceOf);
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    ...(images.length === 0 ? [] : [`img-src ${images.join(' ')}`]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** A source must not contain blanks or separators of directives. */
function sourceOf(url: string): string {
  return encodeURI(decoded(url)).replace(/[;,'"\s]|[?#].*$/gs, '');
}

function decoded(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

function documentOf(
  { language, brand, title, body, languageChoice = true, wide = false }: PublicPage,
  style: string,
): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
${headOf(brand)}<main${wide ? { markup: ' class="wide"' } : undefined}>
<h1>${title}</h1>
${body}
</main>
${footOf(language, brand, languageChoice)}</body>
</html>
`;
}

function headOf({ logo, name }: PageBrand): Html | undefined {
  if (logo !== null) return html`<header>${pictureOf(logo)}</header>\n`;
  return name === null ? undefined : html`<header>${name}</header>\n`;
}

/** A logo without a variant for dark mode gets a light background. */
function pictureOf({ url, alt, dark_url }: NonNullable<PageBrand['logo']>): Html {
  if (dark_url === null) return html`<img class="by-day" src="${url}" alt="${alt}">`;
  return html`<picture><source srcset="${dark_url}" media="(prefers-color-scheme: dark)"><img src="${url}" alt="${alt}"></picture>`;
}

function footOf(language: Language, { address }: PageBrand, languageChoice: boolean): Html | undefined {
  if (!languageChoice && address === null) return undefined;
  const addressLine = address === null ? undefined : html`<p>${address}</p>\n`;
  return html`<footer>\n${addressLine}${languageChoice ? languageChoiceOf(language) : undefined}</footer>\n`;
}

function languageChoiceOf(current: Language): Html {
  const entries = LANGUAGES.map((language) => {
    const name = translate(language, 'name');
    return language === current
      ? html`<li><span aria-current="true" lang="${language}">${name}</span></li>`
      : html`<li><a href="?lang=${language}" hreflang="${language}" lang="${language}">${name}</a></li>`;
  });
  return html`<nav aria-label="${translate(current, 'choose_language')}"><ul>${entries}</ul></nav>\n`;
}

/** Language and colours of a page. */
export interface PageStyle {
  readonly language: Language;
  readonly brand: PageBrand;
}

/** For a list's own pages, or in the visitor's `own` language; without a list, for an unknown visitor. */
export async function pageStyleFor(
  deps: Deps,
  request: FastifyRequest,
  list?: List,
  preferred?: Language,
): Promise<PageStyle> {
  const { lang } = request.query as { lang?: unknown };
  const language = preferredLanguage({
    requested: typeof lang === 'string' ? lang : undefined,
    list: preferred ?? list?.language,
    accepted: request.headers['accept-language'],
  });
  const brand = list === undefined ? NO_BRAND : await brandOf(deps, list);
  return { language, brand };
}

async function brandOf({ accounts }: Deps, list: List): Promise<PageBrand> {
  const account = await accounts.find(list.account);
  const { name, logo, colors, postal_address } = account?.brand ?? DEFAULT_BRAND;
  const ownName = account === null || isUnnamed(account) ? null : account.name;
  return {
    name: name ?? list.company.name ?? ownName ?? list.defaults.from?.name ?? list.name,
    logo,
    accent: colors.primary,
    address: postal_address ?? (postalAddressOf(list.company) || null),
  };
}

/** A page with a heading, a sentence and further content. */
export function sendTextPage(
  reply: FastifyReply,
  style: PageStyle,
  content: {
    readonly status?: number;
    readonly title: TranslationKey;
    readonly text: TranslationKey;
    readonly below?: Html | undefined;
  },
  values: Readonly<Record<string, string>> = {},
): FastifyReply {
  const [title, text] = [
    translate(style.language, content.title, values),
    translate(style.language, content.text, values),
  ];
  const body = html`<p>${text}</p>${content.below && html`\n${content.below}`}`;
  return sendPage(reply, content.status ?? 200, { ...style, title, body });
}

/** Whether the form of our page was submitted, and not the one click of RFC 8058. */
export function isFromPage({ body }: Pick<FastifyRequest, 'body'>): boolean {
  return typeof body === 'string' && /(?:^|&)from=page(?:&|$)/.test(body);
}

/** For links that we did not sign. */
export async function sendInvalidLink(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendTextPage(reply, await pageStyleFor(deps, request), {
    status: 404,
    title: 'forged_title',
    text: 'forged_text',
  });
}

/** Reports a change at the top of the page. */
export function noticeOf(text: string, kind: 'good' | 'bad' = 'good'): Html {
  return kind === 'good'
    ? html`<p class="notice" role="status">${text}</p>\n`
    : html`<p class="notice bad" role="alert">${text}</p>\n`;
}
