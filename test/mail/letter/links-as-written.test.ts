import { describe, expect, test } from 'vitest';
import { followedLetter, followedMessageOf } from '../../support/mail/followed-links.js';

const OUT = ' <a href="{{ unsubscribe_url }}">Leave</a>';
const message = followedMessageOf;

const ICONS =
  '<a href="https://x.example/a"><img src="https://i.example/f.png" alt="Facebook"></a><a href="https://x.example/b"><img src="https://i.example/i.png" alt="Instagram"></a>';

test('two pictures that are links, side by side, keep their own label and link in both parts', async () => {
  for (const mail of [await followedLetter({ html: ICONS + OUT }), await message({ html: ICONS, text: null })]) {
    expect(mail.destinations).toEqual(['https://x.example/a', 'https://x.example/b']);
    expect(mail.hrefs.slice(0, 2)).toEqual(['https://x.example/a', 'https://x.example/b']);
    expect(mail.text).toContain('Facebook (https://x.example/a) Instagram (https://x.example/b)');
  }
});

test('links with the same address keep their own labels', async () => {
  const html = '<a href="https://x.example/">Shop</a><a href="https://x.example/">Order</a> <b>now</b>';
  const { text, destinations } = await followedLetter({ html: html + OUT });
  expect(destinations).toEqual(['https://x.example/']);
  expect(text).toContain('Shop (https://x.example/) Order (https://x.example/) now');
});

/** As written, and as a browser asks for it. */
const ADDRESSES = [
  ['brackets', 'https://x.example/search?f[0]=a&f[1]=b'],
  ['an apostrophe', "https://x.example/o'neil"],
  ['a bar', 'https://x.example/a|b?c|d'],
  ['a brace', 'https://x.example/a?b={c}'],
  ['an opening bracket alone', 'https://x.example/?a=[b'],
  ['a closing bracket alone', 'https://x.example/?a=b]c'],
  ['parentheses', 'https://x.example/wiki/Tea_(drink)_(hot)'],
  ['an IPv6 host', 'http://[2001:db8::7]:8080/a?b=[c]'],
  ['an international host', 'https://bücher.example/straße?ä=ö#ü'],
  ['percent encodings', 'https://x.example/%7Ea%2Fb?c=%5Bd%5D%26'],
  ['a nested address', 'https://x.example/?to=https://y.example/z&n=1'],
  ['a fragment', "https://x.example/#/a?b='c'"],
] as const;

describe.each(ADDRESSES)('an address with %s is exact', (_what, address) => {
  const opened = new URL(address).href;
  const escaped = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const html = `<p><a href="${escaped}">Here</a></p>`;

  test('in a letter and in a message, in HTML and in the text made from it', async () => {
    for (const mail of [await followedLetter({ html: html + OUT }), await message({ html, text: null })]) {
      expect(mail.destinations).toEqual([opened]);
      expect(mail.hrefs[0]).toBe(opened);
      expect(mail.text).toContain(`Here (${opened})`);
      expect(mail.sent).not.toContain('x.example');
    }
  });

  test('in a text part of the author', async () => {
    const text = `Look: ${address} and\n(${address}), or “${address}”.\n${address}`;
    for (const mail of [
      await followedLetter({ html: `<p>x</p>${OUT}`, text: `${text}\n{{ unsubscribe_url }}` }),
      await message({ html: null, text }),
    ]) {
      expect(mail.destinations).toEqual([opened]);
      expect(mail.text).toContain(`Look: ${opened} and\n(${opened}), or “${opened}”.\n${opened}`);
    }
  });
});

test('blanks in the address of a link are sent as browsers send them', async () => {
  const html = '<a href=" https://x.example/a b?c d ">Here</a>';
  const { destinations, text } = await followedLetter({ html: html + OUT });
  expect(destinations).toEqual(['https://x.example/a%20b?c%20d']);
  expect(text).toContain('Here (https://x.example/a%20b?c%20d)');
});

test('an address in angle brackets may contain blanks in a text part', async () => {
  const { destinations, text } = await message({ html: null, text: 'See <https://x.example/a b> today.' });
  expect(destinations).toEqual(['https://x.example/a%20b']);
  expect(text).toBe('See <https://x.example/a%20b> today.');
});

test('the parts of a link that holds a personal value are sent as written', async () => {
  const html = `<a href="https://x.example/?f[0]={{ first_name }}&amp;o='{{ attributes.id }}'">Yours</a>`;
  const { text, hrefs, destinations } = await followedLetter({ html: html + OUT }, { attributes: { id: 'a&b' } });
  expect(destinations).toEqual([]);
  expect(hrefs[0]).toBe("https://x.example/?f[0]=Ada&o='a&b'");
  expect(text).toContain("Yours (https://x.example/?f[0]=Ada&o='a&b')");
});

test('an address without tracking is printed so that a mail client does not cut it', async () => {
  const html = '<a data-notrack href="https://x.example/a b">A</a> <a data-notrack href="https://x.example/a)b">B</a>';
  const { text } = await followedLetter({ html: html + OUT });
  expect(text).toContain('A (https://x.example/a%20b) B <https://x.example/a)b>');
});

test('text that is not a link in the HTML is not a tracked link in the text part', async () => {
  const html = '<p>Write “https://x.example/a)Instagram” <a href="https://x.example/b">or this</a></p>';
  const { destinations, text } = await followedLetter({ html: html + OUT });
  expect(destinations).toEqual(['https://x.example/b']);
  expect(text).toContain('“https://x.example/a)Instagram” or this (https://x.example/b)');
});

test('a link whose label is its address is printed once', async () => {
  const html =
    '<a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a> <a href="https://y.example">https://y.example</a>';
  const { text } = await followedLetter({ html: html + OUT });
  expect(text).toContain('https://x.example/?a=1&b=2 https://y.example/');
});

test('areas of a picture map are links of both parts', async () => {
  const html =
    '<img src="https://i.example/m.png" alt="Map" usemap="#m"><map name="m"><area href="https://x.example/n" alt="North"><area href="https://x.example/s" alt="South"></map>';
  const { text, hrefs, destinations } = await followedLetter({ html: html + OUT });
  expect(destinations).toEqual(['https://x.example/n', 'https://x.example/s']);
  expect(hrefs.slice(0, 2)).toEqual(destinations);
  expect(text).toContain('North (https://x.example/n) South (https://x.example/s)');
});

test('links of Outlook’s own markup are tracked, links in plain comments and styles are not', async () => {
  const html =
    '<!--[if mso]><v:roundrect href="https://x.example/m"><![endif]--><!-- <a href="https://x.example/old">x</a> --><style>a:after{content:"<a href=https://x.example/css>"}</style><p>x</p>';
  expect((await followedLetter({ html: html + OUT })).destinations).toEqual(['https://x.example/m']);
});

describe.each([
  ['the attribute hidden', '<p hidden>secret</p>'],
  ['display: none', '<div style="display:none">secret</div>'],
  ['display: none, spaced and important', '<div style="color:red; DISPLAY : none !important"><p>secret</p></div>'],
  ['visibility', '<span style="visibility:hidden">secret</span>'],
  ['no size', '<div style="font-size:0">sec<b>ret</b></div>'],
  ['no height', '<div style="max-height:0px;overflow:hidden">secret</div>'],
  ['no opacity', '<div style="opacity:0">secret</div>'],
  ['a class of a sheet', '<style>.pre{display:none !important}</style><div class="a pre">secret</div>'],
  ['an unclosed paragraph', '<p hidden>secret<p>'],
])('text hidden by %s', (_what, hidden) => {
  test('is not in the text part', async () => {
    const html = `<div>before</div>${hidden}<p>after</p>`;
    for (const mail of [await followedLetter({ html: html + OUT }), await message({ html, text: null })]) {
      expect(mail.text).not.toMatch(/sec|ret/);
      expect(mail.text).toMatch(/before\s+after/);
    }
  });
});

test('text that only Outlook hides is in the text part', async () => {
  expect((await message({ html: '<div style="mso-hide:all">shown</div>', text: null })).text).toBe('shown');
});

test('text of a size inside an element without a size is in the text part', async () => {
  const html = '<table><tr><td style="font-size:0"><div style="font-size:16px">shown</div></td></tr></table>';
  expect((await message({ html, text: null })).text).toBe('shown');
});
