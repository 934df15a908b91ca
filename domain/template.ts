/** The content of a template in one language; all fields are Liquid. */
export interface LanguageContent {
  /** Null: the mail that uses the template sets it. */
  readonly subject: string | null;
  readonly preheader: string | null;
  readonly format: 'mjml' | 'html';
  readonly source: string;
  /** Null: generated from the HTML. */
  readonly text: string | null;
}

/** The part of BCP 47 that mails need: `en`, `pt-BR`, `zh-Hant-TW`. */
export const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;

/** By language tag. */
export type TemplateContents = Readonly<Record<string, LanguageContent>>;

/** The whole content of a template: the draft, or one published version. */
export interface TemplateEdition {
  readonly default_language: string;
  readonly contents: TemplateContents;
}

export interface PublishedEdition extends TemplateEdition {
  readonly version: number;
  readonly published_at: Date | null;
}

/** Ids up to this belong to Everpost's own templates, shared by all accounts; those of accounts start after it. */
export const LAST_SYSTEM_TEMPLATE = 100;
/** Used by campaigns that name no template, unless the account has chosen another. */
export const FIRST_DEFAULT_TEMPLATE = 1;
/** The template of Everpost's own mails. */
export const SYSTEM_MAIL_TEMPLATE = 2;

/** The template of campaigns that name none. */
export interface DefaultTemplate {
  readonly id: number;
  /** The account has chosen it: it frames the body of whole documents too. */
  readonly isChosen: boolean;
}

/** The template of a campaign: the named one, else the default; null: a whole document is sent as it is. */
export function templateFor(
  { template_id, is_document }: { readonly template_id: number | null; readonly is_document: boolean },
  byDefault: DefaultTemplate,
): number | null {
  if (template_id !== null) return template_id;
  return is_document && !byDefault.isChosen ? null : byDefault.id;
}

export function isSystemTemplate(id: number): boolean {
  return id <= LAST_SYSTEM_TEMPLATE;
}

/** `pt-BR` → `pt-BR`, `pt`, then the template's own language. */
export function fallbackChain(requested: string | undefined, own: string): readonly string[] {
  const parts = requested === undefined ? [] : requested.split('-');
  const chain = parts.map((_, i) => parts.slice(0, parts.length - i).join('-'));
  return [...new Set([...chain, own].map((tag) => tag.toLowerCase()))];
}

export interface MatchedLanguage {
  readonly language: string;
  readonly content: LanguageContent;
}

/** The first language of the chain that the edition has, ignoring case. Undefined only where it lacks its own language. */
export function matchLanguage(
  { contents, default_language }: TemplateEdition,
  requested: string | undefined,
): MatchedLanguage | undefined {
  const known = new Map(
    Object.entries(contents).map(([tag, content]) => [tag.toLowerCase(), { language: tag, content }]),
  );
  return fallbackChain(requested, default_language).flatMap((tag) => known.get(tag) ?? [])[0];
}

/** The fallback language of an edition that names none; undefined: it must name one. */
export function ownLanguage(contents: TemplateContents, named: string | undefined): string | undefined {
  if (named !== undefined) return named in contents ? named : undefined;
  const tags = Object.keys(contents);
  return 'en' in contents || tags.length !== 1 ? contents['en'] && 'en' : tags[0];
}
