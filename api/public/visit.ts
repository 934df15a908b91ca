import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_BRAND } from '../../domain/brand.js';
import { addressOf } from '../../domain/confirmation.js';
import { type Html, html } from '../../domain/html.js';
import { chosenLanguage, type Language } from '../../domain/language.js';
import { type Sentence, say } from '../../mail/wording.js';
import type { List } from '../../store/lists.js';
import type { Deps } from '../deps.js';
import { NO_BRAND, type PageBrand, sendPage } from './page.js';

/** In which language and in whose colours a page is shown. */
export interface Look {
  readonly language: Language;
  readonly brand: PageBrand;
}

/** For a list's own pages, or those in the visitor's `own` language; without a list, for a visitor we know nothing of. */
export async function lookFor(deps: Deps, request: FastifyRequest, list?: List, own?: Language): Promise<Look> {
  const { lang } = request.query as { lang?: unknown };
  const language = chosenLanguage({
    asked: typeof lang === 'string' ? lang : undefined,
    list: own ?? list?.language,
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
    address: postal_address ?? (addressOf(list.company) || null),
  };
}

/** A page of a heading, a sentence and what comes below. */
export function sayOnPage(
  reply: FastifyReply,
  look: Look,
  said: {
    readonly status?: number;
    readonly title: Sentence;
    readonly text: Sentence;
    readonly below?: Html | undefined;
  },
  values: Readonly<Record<string, string>> = {},
): FastifyReply {
  const [title, text] = [say(look.language, said.title, values), say(look.language, said.text, values)];
  const body = html`<p>${text}</p>${said.below && html`\n${said.below}`}`;
  return sendPage(reply, said.status ?? 200, { ...look, title, body });
}

/** Whether the form of our own page was sent, rather than the one click of RFC 8058. */
export function isFromPage({ body }: Pick<FastifyRequest, 'body'>): boolean {
  return typeof body === 'string' && /(?:^|&)from=page(?:&|$)/.test(body);
}

/** For anything we did not sign. */
export async function sendForged(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sayOnPage(reply, await lookFor(deps, request), { status: 404, title: 'forged_title', text: 'forged_text' });
}

/** What has just been done, said before everything else. */
export function noticeOf(text: string, kind: 'good' | 'bad' = 'good'): Html {
  return kind === 'good'
    ? html`<p class="notice" role="status">${text}</p>\n`
    : html`<p class="notice bad" role="alert">${text}</p>\n`;
}
