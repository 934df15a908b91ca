import { describe, expect, test } from 'vitest';
import { growth, ONE_PASS } from '../../support/growth.js';
import { followedLetter, followedMessageOf, trackedMessageOf } from '../../support/mail/followed-links.js';

const OUT = '<p><a href="{{ unsubscribe_url }}">Out</a></p>';
const X = 'https://x.example';

/** Inputs of an attacker who wants other readers, other addresses or other text than the author. */
const HOSTILE: readonly (readonly [what: string, html: string, destinations: readonly string[], text: string])[] = [
  ['marks as characters', `<p>\uFDD4${X}/evil\uFDD5 x</p>`, [], `${X}/evil x`],
  ['marks as references', `<p>&#xFDD4;${X}/evil&#xFDD5; &#64980;${X}/b&#64981; x</p>`, [], `${X}/evil ${X}/b x`],
  ['masks as characters', `<a href="\uFDD0${X}/a">A</a>`, [], `A (${X}/a)`],
  [
    'a script with encoded letters',
    '<a href="jav&#x61;script:alert(1)">A</a> <a href=" java\nscript:alert(1)">B</a>',
    [],
    'A B',
  ],
  ['a data address', '<a href="data:text/html,<script>x</script>">A</a>', [], 'A'],
  ['control characters before links', `<p>&#1;&#2;</p><a href="${X}/a">A</a>`, [`${X}/a`], `A (${X}/a)`],
  [
    'a link inside a title, a text area and a style',
    `<textarea><a href="${X}/t"></textarea><style>a:after{content:"<a href=${X}/s>"}</style><b>B</b>`,
    [],
    `<a href="${X}/t">B`,
  ],
  ['a link inside another attribute', `<img alt='<a href="${X}/a">x</a>'>`, [], `<a href="${X}/a">x</a>`],
  [
    'a comment in an attribute',
    `<img alt="<!--"><a href="${X}/a">A</a><img alt="-->">`,
    [`${X}/a`],
    `<!-- A (${X}/a) -->`,
  ],
  [
    'an address with a user that looks like a host',
    '<a href="https://bank.example@evil.example/">A</a>',
    ['https://bank.example@evil.example/'],
    'A (https://bank.example@evil.example/)',
  ],
  ['a backslash for a slash', '<a href="https:\\\\x.example\\a">A</a>', [`${X}/a`], `A (${X}/a)`],
  ['no slashes', '<a href="https:x.example/a">A</a>', [`${X}/a`], `A (${X}/a)`],
  ['a host of digits', '<a href="http://0x7f.1/">A</a>', ['http://127.0.0.1/'], 'A (http://127.0.0.1/)'],
  ['an address that is too long', `<a href="${X}/${'a'.repeat(4_000)}">A</a>`, [], `A (${X}/${'a'.repeat(4_000)})`],
  ['a port that does not exist', '<a href="https://x.example:99999/">A</a>', [], 'A (https://x.example:99999/)'],
  [
    'a closing bracket for the label',
    `<a href="${X}/a">see (https://evil.example/)</a>`,
    [`${X}/a`],
    `see (https://evil.example/) (${X}/a)`,
  ],
  ['text that imitates a link', '<p>Bank (https://evil.example/c/1)</p>', [], 'Bank (https://evil.example/c/1)'],
  [
    'a link in a raw block, which is text',
    `{% raw %}<a href="${X}/{{ a }}">A</a><a href="${X}/b">B</a>{% endraw %}`,
    [`${X}/%7B%7B%20a%20%7D%7D`, `${X}/b`],
    `A (${X}/%7B%7B%20a%20%7D%7D) B (${X}/b)`,
  ],
  [
    'a link to our own pages',
    '<a href="https://Mail.Example.test:443/u/x">A</a>',
    [],
    'A (https://mail.example.test/u/x)',
  ],
  [
    'data-notrack elsewhere',
    `<a href="${X}/a" data-notrack>A</a> <a href="${X}/a">again</a>`,
    [],
    `A (${X}/a) again (${X}/a)`,
  ],
];

describe.each(HOSTILE)('%s', (_what, html, destinations, text) => {
  test('changes no link and no text', async () => {
    const mail = await followedLetter({ html: html + OUT });
    expect(mail.destinations).toEqual(destinations);
    expect(withoutFooter(mail.text)).toBe(text);
  });
});

/** Text parts of authors. */
test.each([
  ['mailto:a@x.example?body=https://y.example/a', []],
  ['whatsapp://send?text=https://y.example/a', []],
  ['www.x.example/?u=https://y.example/a', []],
  ['web+https://y.example/a', []],
  ['Link:https://y.example/a', ['https://y.example/a']],
  ['<https://x.example/a for more; price > 3', ['https://x.example/a']],
  ['http:80 and https:443', []],
  [
    'https://x.example/l’été ‘https://x.example/b’',
    ['https://x.example/l%E2%80%99%C3%A9t%C3%A9', 'https://x.example/b'],
  ],
  [
    "'https://x.example/o'neil' _https://x.example/some_page_",
    ["https://x.example/o'neil", 'https://x.example/some_page'],
  ],
  ['* https://x.example/a\r\n* https://x.example/b\r\n', ['https://x.example/a', 'https://x.example/b']],
  ['Unsubscribe: https://x.example/u?e=a@b.example&l[]=1.', ['https://x.example/u?e=a@b.example&l[]=1']],
  ['\uFDD4https://x.example/a\uFDD5', ['https://x.example/a']],
  ['https://x.example/\u0000a', ['https://x.example/a']],
])('in a text of the author, %j', async (text, destinations) => {
  expect((await followedMessageOf({ html: null, text })).destinations).toEqual(destinations);
});

test('inside of very many elements, tags are ignored and text stays', async () => {
  const deep = (count: number) => `<p>above</p>${'<b>'.repeat(count)}<i>in</i><i hidden>not</i>`;
  expect((await followedMessageOf({ html: deep(900), text: null })).text).toMatch(/^above\s+in$/);
  expect((await followedMessageOf({ html: deep(2_000), text: null })).text).toMatch(/^above\s+innot$/);
});

test.each([
  '<a href=https://x.example/>',
  '<div hidden>',
  '<div>',
  '<i></x>',
  '<li><p>',
  '<a ',
  '<!--',
  '<style>',
  '<style>a{}',
  '<a href="',
  '{% raw %}',
  '<https://',
  '((https://x.example/',
  '<p style="',
  '[',
  '<a><img alt=x>',
  '&#xFDD4;',
  "'https://x.example/'",
])('%s is read in a time that grows with the letter, not with its square', { timeout: 120_000 }, async (kind) => {
  const asHtml = (long: string) => trackedMessageOf({ html: long, text: null });
  const asText = (long: string) => trackedMessageOf({ html: null, text: long });
  for (const read of [asHtml, asText]) {
    const [short, long] = [kind.repeat(50_000 / kind.length), kind.repeat(200_000 / kind.length)];
    expect(await growth(read, short, long)).toBeLessThan(ONE_PASS);
  }
});

function withoutFooter(text: string): string {
  return text.replace(/\s*Out \(https:\/\/mail\.example\.test\/u\/[\w-]+\)\s*$/, '').trim();
}
