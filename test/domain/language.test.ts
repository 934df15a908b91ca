import { expect, test } from 'vitest';
import { en } from '../../content/translations/en.js';
import { LANGUAGES, preferredLanguage } from '../../domain/language.js';
import { type TranslationKey, translate } from '../../mail/translate.js';

test.each([
  [{ requested: 'de', list: 'fr', accepted: 'es' }, 'de'],
  [{ requested: 'klingon', list: 'fr', accepted: 'es' }, 'fr'],
  [{ list: null, accepted: 'pt-BR,pt;q=0.9,en;q=0.8' }, 'pt'],
  [{ list: 'pt_BR' }, 'pt'],
  [{ accepted: 'nl, de;q=0.3, fr;q=0.7' }, 'fr'],
  [{ accepted: 'de;q=0, es;q=0.1' }, 'es'],
  [{ accepted: 'zz;q=nonsense,,;;' }, 'en'],
  [{ accepted: '*' }, 'en'],
  [{}, 'en'],
] as const)('of %j the language is %s', (preferences, language) => {
  expect(preferredLanguage(preferences)).toBe(language);
});

test('every language has every sentence, with the same placeholders', () => {
  const slots = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([slot]) => slot).sort();
  for (const sentence of Object.keys(en) as TranslationKey[]) {
    for (const language of LANGUAGES) {
      expect(translate(language, sentence).trim(), `${language} ${sentence}`).not.toBe('');
      expect(slots(translate(language, sentence)), `${language} ${sentence}`).toEqual(slots(translate('en', sentence)));
    }
  }
});
