import { describe, expect, test } from 'vitest';
import type { Letter } from '../../../mail/letter/letter.js';
import { aMail } from '../../support/mail/letters.js';

/** The header of a campaign's mail, unfolded: each field with its value, in order. */
function headerOf(letter: Partial<Letter> = {}, id = 42): readonly (readonly [name: string, value: string])[] {
  return bytesOf(letter, id)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const);
}

function bytesOf(letter: Partial<Letter>, id: number): string {
  const raw = Buffer.concat(aMail({ id, email: `reader${id}@example.test` }, letter).chunks).toString('latin1');
  return raw.slice(0, raw.indexOf('\r\n\r\n'));
}

const valuesOf = (name: string, letter?: Partial<Letter>, id?: number) =>
  headerOf(letter, id).flatMap(([given, value]) => (given === name ? value : []));

describe('the header of a campaign’s mail has exactly once', () => {
  test.each([
    ['from', 'News <news@example.test>'],
    ['to', 'Ada Lovelace <reader42@example.test>'],
    ['subject', 'News'],
    ['date', 'Fri, 15 May 2026 09:00:12 +0000'],
    ['mime-version', '1.0'],
    ['list-id', 'Readers <l5x.mail.example.test>'],
    ['list-unsubscribe-post', 'List-Unsubscribe=One-Click'],
    ['feedback-id', '7:campaign:3:everpost'],
    ['precedence', 'bulk'],
    ['x-auto-response-suppress', 'OOF, AutoReply'],
  ])('%s: %s', (name, value) => {
    expect(valuesOf(name)).toEqual([value]);
  });

  test('an https address for unsubscribing, without personal data', () => {
    const [value = '', ...more] = valuesOf('list-unsubscribe');
    expect(more).toEqual([]);
    expect(value).toMatch(/^<https:\/\/mail\.example\.test\/u\/[\w-]{36,}>$/);
    expect(value).not.toMatch(/reader42|example\.test@/);
  });

  test.each(['bcc', 'cc', 'sender', 'return-path', 'auto-submitted'])('and no %s', (name) => {
    expect(valuesOf(name)).toEqual([]);
  });
});

test('the fields of list and campaign are the same for all recipients, and those of the list for all campaigns', () => {
  expect(valuesOf('feedback-id', {}, 1)).toEqual(valuesOf('feedback-id', {}, 2));
  expect(valuesOf('list-id', { campaign: 7 })).toEqual(valuesOf('list-id', { campaign: 8 }));
  expect(valuesOf('feedback-id')[0]?.split(':')).toHaveLength(4);
  expect(valuesOf('feedback-id')[0]?.split(':').at(-1)).toMatch(/^\w{5,15}$/);
});

test.each([
  'A word '.repeat(60).trim(),
  'Grüße aus dem Hafen '.repeat(20).trim(),
  `Ohne${'Leerzeichen'.repeat(30)}`,
  '“”'.repeat(150),
])('a long subject is folded into lines of valid length: %#', (subject) => {
  const lines = bytesOf({ subject }, 42).split('\r\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(998);
  const folded = lines.filter((line) => line.length > 78 && /^(?:subject:|\s)/i.test(line));
  expect(folded.filter((line) => /\s\S+\s\S/.test(line.trim()))).toEqual([]);
});
