import { de } from '../content/translations/de.js';
import { en } from '../content/translations/en.js';
import { es } from '../content/translations/es.js';
import { fr } from '../content/translations/fr.js';
import { pt } from '../content/translations/pt.js';
import type { Wording } from '../content/translations/wording.js';
import type { Language } from '../domain/language.js';

export type TranslationKey = keyof Wording;

const TRANSLATIONS: Readonly<Record<Language, Wording>> = { en, pt, de, es, fr };

/** A sentence in a language, as plain text with its placeholders filled in. Callers escape it for markup. */
export function translate(
  language: Language,
  key: TranslationKey,
  values: Readonly<Record<string, string>> = {},
): string {
  return TRANSLATIONS[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
