import { expect, test } from 'vitest';
import { bannedIn } from '../../../domain/brand/voice.js';

test.each([
  ['a word', 'Our revolutionary tea', ['revolutionary']],
  ['whatever its case', 'REVOLUTIONARY!', ['revolutionary']],
  ['at the end, before a stop', 'It is revolutionary.', ['revolutionary']],
  ['a phrase across a line break and marks', 'Act\n  — now!', ['act now']],
  ['in letters of another shape', 'ｒｅｖｏｌｕｔｉｏｎａｒｙ', ['revolutionary']],
  ['not within another word', 'counterrevolutionary', []],
  ['not a phrase with words between', 'act right now', []],
  ['nothing in nothing', '', []],
])('%s', (_what, text, found) => {
  expect(bannedIn(text, ['revolutionary', 'act now', '—'])).toEqual(found);
});
