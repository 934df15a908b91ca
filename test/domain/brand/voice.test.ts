import { expect, test } from 'vitest';
import { bannedIn } from '../../../domain/brand/voice.js';

test.each([
  ['a word', 'Our revolutionary tea', ['revolutionary']],
  ['in any case', 'REVOLUTIONARY!', ['revolutionary']],
  ['at the end, before a stop', 'It is revolutionary.', ['revolutionary']],
  ['a phrase across a line break and marks', 'Act\n  — now!', ['act now']],
  ['in full-width letters', 'ｒｅｖｏｌｕｔｉｏｎａｒｙ', ['revolutionary']],
  ['not within another word', 'counterrevolutionary', []],
  ['not a phrase with words between', 'act right now', []],
  ['not in an empty text', '', []],
])('%s', (_what, text, found) => {
  expect(bannedIn(text, ['revolutionary', 'act now', '—'])).toEqual(found);
});
