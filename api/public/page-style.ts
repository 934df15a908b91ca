import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_BRAND } from '../../domain/brand/brand.js';
import { type Html, html } from '../../domain/html.js';
import { type Language, preferredLanguage } from '../../domain/language.js';
import { postalAddressOf } from '../../domain/subscriber/confirmation.js';
import { type TranslationKey, translate } from '../../mail/translate.js';
import type { List } from '../../store/lists/lists.js';
import type { Deps } from '../wiring.js';
import { NO_BRAND, type PageBrand, sendPage } from './page.js';

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
  return {
    name: name ?? list.company.name ?? account?.name ?? null,
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
