import { describe, expect, test } from 'vitest';
import { addressesIn, unfolded } from '../../../mail/letter/links/address-grammar.js';
import { destinationOf } from '../../../mail/letter/links/destination.js';
import { maskLiquid } from '../../../mail/liquid/mask-liquid.js';

const found = (text: string) => addressesIn(text, maskLiquid).map(([start, end]) => text.slice(start, end));

/** RFC 3986 §1.1.2, §3, §5.4 and §6.2.2, those of http. */
const RFC_3986 = [
  'http://www.ietf.org/rfc/rfc2396.txt',
  'http://a/b/c/d;p?q',
  'http://a/b/c/g;x=1/y',
  'http://a/b/c/g?y/./x',
  'http://a/b/c/g#s/../x',
  'http://a/b/c/;x',
  'http://a/b/c/g;x?y#s',
  'http://example.com:8042/over/there?name=ferret#nose',
  'http://user:pass@example.com:80/%7Euser/',
  'http://[2001:db8::7]/c=GB?objectClass?one',
  'http://[::ffff:192.0.2.1]:8080/',
  "http://x.example/!$&'()*+,;=:@-._~",
  'http://x.example/?q=/?:@!$&()*+,;=-._~%20',
  'http://www.w3.org/Addressing/',
] as const;

/** The shapes of web addresses in the WHATWG URL tests, as far as neither white space nor a sentence ends them. */
const WHATWG = [
  'http://foo:b%20c@d:2/',
  'http://example.org/foo%3Abar#%C3%A9',
  'http://foo.com/\\@',
  'http://example.com/foo/%2e%2e/bar',
  'http://example.com/foo%00%51',
  'http://example.com/foo%2zbar',
  'http://www.example2.com/?a=[]&b={c}|d',
  'http://GOO\u200B\u2060goo.com/',
  'http://www.foo。bar.com'.replace('。', '.'),
  'https://faß.ExAmPlE/',
  'http://你好你好/',
  'http://0xc0.0250.01/',
  'http://192.168.257/',
  'http://[::1%25]'.replace('%25', ''),
  'http://example.com/~smith/home#%7B%7D',
  'HTTPS://x:443/?#',
  'http://foo.example/a:b@c/d',
  'http://a:b@c:29/d',
  'http://www/foo?i=^%5E',
] as const;

describe.each([...RFC_3986, ...WHATWG])('%s', (address) => {
  test('is an address that a browser opens', () => {
    expect(destinationOf(address)).toBe(new URL(address).href);
  });

  test('is found whole between blanks, lines and brackets', () => {
    const text = `${address}\nSee ${address} (${address}), [${address}] <${address}> "${address}" “${address}”; ${address}.`;
    expect(found(text)).toEqual(Array.from({ length: 8 }, () => address));
  });
});

test.each([
  ['Appendix C: <URL:http://www.ietf.org/x> and <http://x.example/>', ['http://www.ietf.org/x', 'http://x.example/']],
  ['請看https://x.example/a。謝謝', ['https://x.example/a']],
  ['(https://x.example/wiki/Tea_(drink)).', ['https://x.example/wiki/Tea_(drink)']],
  [
    'https://a.example,https://b.example;https://c.example',
    ['https://a.example', 'https://b.example', 'https://c.example'],
  ],
  ['[https://a.example](https://b.example/x)!', ['https://a.example', 'https://b.example/x']],
  ['**https://a.example/x** _https://a.example/y_', ['https://a.example/x', 'https://a.example/y']],
  ["'https://a.example/o'neil'", ["https://a.example/o'neil"]],
  ["https://a.example/'x'", ["https://a.example/'x'"]],
  ['https://a.example/?to=https://b.example/x', ['https://a.example/?to=https://b.example/x']],
  ['https://a.example/x…', ['https://a.example/x']],
  ['Tea?https://a.example/?!', ['https://a.example/']],
  ['no https://, xhttps://a.example or svn+https://a.example', []],
  ['{% if vip %}https://a.example/x {% endif %}{{ host }}https://a.example', ['https://a.example/x']],
  ['https://a.example/{{ id }}, https://a.example/?{% if x %}a{% endif %}', []],
  ['https://a.example/x.{{ id }}', []],
  ['{% if a %}https://a.example/x.{% endif %}', ['https://a.example/x']],
  ['https://x.example/r/{{ id }}?to=https://y.example/', []],
  ['{% raw %}https://a.example/{% endraw %}', []],
  ['`x <https://a.example/x>`_ and [b]: https://b.example/x "B"', ['https://a.example/x', 'https://b.example/x']],
  [
    '„https://a.example/x“ «https://b.example/x» ‹https://c.example/x›',
    ['https://a.example/x', 'https://b.example/x', 'https://c.example/x'],
  ],
  ['HTTPS://A.example/X?A=B,C and https://a.example/a,b,c.', ['HTTPS://A.example/X?A=B,C', 'https://a.example/a,b,c']],
  ['- https://a.example/x -- https://a.example/y- ', ['https://a.example/x', 'https://a.example/y-']],
  [
    'https://a.example/x\u200b https://a.example/y\u00a0z \u2068https://a.example/w\u2069',
    ['https://a.example/x', 'https://a.example/y', 'https://a.example/w'],
  ],
  [
    'https://a.example/می\u200cخواهم \ufeffhttps://b.example/\ufeff',
    ['https://a.example/می\u200cخواهم', 'https://b.example/'],
  ],
  [`https://a.example/${'x'.repeat(4_000)} https://b.example/`, ['https://b.example/']],
])('the addresses of %j', (text, expected) => {
  expect(found(text)).toEqual(expected);
});

test('an address in angle brackets may be broken over lines and hold blanks', () => {
  const [range] = addressesIn('<https://x.example/a\n   /b c>');
  expect(range).toEqual([1, 28]);
  expect(unfolded('https://x.example/a\n   /b c')).toBe('https://x.example/a/b c');
});
