/** The languages in which Everpost itself speaks to recipients: pages, confirmations. */
export const LANGUAGES = ['en', 'pt', 'de', 'es', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export const FALLBACK_LANGUAGE: Language = 'en';

interface LanguagePreferences {
  /** `?lang=` of the address: what somebody chose on a page comes first. */
  readonly requested?: string | undefined;
  /** The list's own language: what its mails are written in. */
  readonly list?: string | null | undefined;
  /** The browser's Accept-Language. */
  readonly accepted?: string | undefined;
}

export function preferredLanguage({ requested, list, accepted }: LanguagePreferences): Language {
  return known(requested) ?? known(list) ?? firstAccepted(accepted) ?? FALLBACK_LANGUAGE;
}

/** `pt-BR` is understood as `pt`. */
function known(tag: string | null | undefined): Language | undefined {
  const primary = tag?.trim().toLowerCase().split(/[-_]/)[0];
  return LANGUAGES.find((language) => language === primary);
}

/** RFC 9110 §12.5.4: the highest quality wins, among equals the first; `q=0` is a refusal. */
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
