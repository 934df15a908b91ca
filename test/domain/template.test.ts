import { expect, test } from 'vitest';
import { fallbackChain, type LanguageContent, matchLanguage, ownLanguage } from '../../domain/template.js';

const contentWith = (source: string): LanguageContent => ({
  subject: null,
  preheader: null,
  format: 'html',
  source,
  text: null,
});

test.each([
  ['pt-BR', 'en', ['pt-br', 'pt', 'en']],
  ['pt', 'en', ['pt', 'en']],
  ['zh-Hant-TW', 'en', ['zh-hant-tw', 'zh-hant', 'zh', 'en']],
  ['en', 'en', ['en']],
  [undefined, 'de', ['de']],
])('%s falls back to %s through %j', (asked, own, chain) => {
  expect(fallbackChain(asked, own)).toEqual(chain);
});

test.each([
  ['pt-BR', 'pt-BR'],
  ['pt-br', 'pt-BR'],
  ['pt-PT', 'en'],
  ['de-AT', 'de'],
  ['fr', 'en'],
  [undefined, 'en'],
])('asked for %s, a template in en, de and pt-BR uses %s', (asked, language) => {
  const contents = { en: contentWith('en'), de: contentWith('de'), 'pt-BR': contentWith('pt-BR') };
  expect(matchLanguage({ contents, default_language: 'en' }, asked)?.language).toBe(language);
});

test.each([
  [['en', 'pt'], undefined, 'en'],
  [['pt'], undefined, 'pt'],
  [['pt', 'de'], undefined, undefined],
  [['pt', 'de'], 'de', 'de'],
  [['pt', 'de'], 'en', undefined],
])('of %j with %s named, %s is its own', (tags, named, own) => {
  expect(ownLanguage(Object.fromEntries(tags.map((tag) => [tag, contentWith(tag)])), named)).toBe(own);
});
