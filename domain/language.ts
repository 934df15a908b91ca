/** The languages of Everpost's own pages and confirmation mails. */
export const LANGUAGES = ['en', 'pt', 'de', 'es', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export const FALLBACK_LANGUAGE: Language = 'en';

interface LanguagePreferences {
  /** `?lang=` of the URL: the visitor's choice on the page has priority. */
  readonly requested?: string | undefined;
  /** The language of the list and its mails. */
  readonly list?: string | null | undefined;
  /** The browser's Accept-Language. */
  readonly accepted?: string | undefined;
}

export function preferredLanguage({ requested, list, accepted }: LanguagePreferences): Language {
  return known(requested) ?? known(list) ?? firstAccepted(accepted) ?? FALLBACK_LANGUAGE;
}

/** `pt-BR` counts as `pt`. */
function known(tag: string | null | undefined): Language | undefined {
  const primary = tag?.trim().toLowerCase().split(/[-_]/)[0];
  return LANGUAGES.find((language) => language === primary);
}

/** RFC 9110 §12.5.4: the highest quality wins, among equals the first; `q=0` excludes a language. */
function firstAccepted(header = ''): Language | undefined {
  const ranked = header
    .slice(0, 500)
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';');
      const quality = parameters.map((one) => /^\s*q=([01](?:\.\d{1,3})?)\s*$/i.exec(one)?.[1]).find(Boolean);
      return { language: known(tag), quality: Number(quality ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return ranked.find(({ language }) => language !== undefined)?.language;
}
