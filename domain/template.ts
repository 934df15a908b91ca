/** What a template says in one language: Liquid throughout. */
export interface LanguageContent {
  /** Null: whoever uses the template says it. */
  readonly subject: string | null;
  readonly preheader: string | null;
  readonly format: 'mjml' | 'html';
  readonly source: string;
  /** Null: made from the HTML. */
  readonly text: string | null;
}

/** BCP 47, as far as mails need it: `en`, `pt-BR`, `zh-Hant-TW`. */
export const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;

/** By language tag. */
export type TemplateContents = Readonly<Record<string, LanguageContent>>;

/** All a template says: the draft, or one published version of it. */
export interface TemplateEdition {
  readonly default_language: string;
  readonly contents: TemplateContents;
}

export interface PublishedEdition extends TemplateEdition {
  readonly version: number;
  readonly published_at: Date | null;
}

/** Ids up to this are Everpost's own templates, the same for all accounts; an account's own begin behind it. */
export const LAST_SYSTEM_TEMPLATE = 100;
/** Used by campaigns that name no template, where the account has chosen no other. */
export const FIRST_DEFAULT_TEMPLATE = 1;
/** Everpost's own mails are in this one. */
export const SYSTEM_MAIL_TEMPLATE = 2;

/** What a campaign is rendered into: the template it names, else the default; null: a whole document stands for itself. */
export function templateFor(
  { template_id, is_document }: { readonly template_id: number | null; readonly is_document: boolean },
  accountDefault: number | null | undefined,
): number | null {
  if (template_id !== null) return template_id;
  return is_document ? null : (accountDefault ?? FIRST_DEFAULT_TEMPLATE);
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

/** The first of the chain that the edition has; letter case does not matter. Undefined only where it lacks its own language. */
export function matchLanguage(
  { contents, default_language }: TemplateEdition,
  requested: string | undefined,
): MatchedLanguage | undefined {
  const known = new Map(
    Object.entries(contents).map(([tag, content]) => [tag.toLowerCase(), { language: tag, content }]),
  );
  return fallbackChain(requested, default_language).flatMap((tag) => known.get(tag) ?? [])[0];
}

/** The language an edition falls back to where nobody names it; undefined: it must be named. */
export function ownLanguage(contents: TemplateContents, named: string | undefined): string | undefined {
  if (named !== undefined) return named in contents ? named : undefined;
  const tags = Object.keys(contents);
  return 'en' in contents || tags.length !== 1 ? contents['en'] && 'en' : tags[0];
}
