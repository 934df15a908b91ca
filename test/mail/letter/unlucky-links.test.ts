import { describe, expect, test } from 'vitest';
import { followedLetter } from '../../support/mail/followed-links.js';

const OUT = '<p><a href="{{ unsubscribe_url }}">Out</a></p>';
const X = 'https://x.example';

/** Constructs of real newsletters: HTML, the destinations, the text part. */
const UNLUCKY: readonly (readonly [what: string, html: string, destinations: readonly string[], text: string])[] = [
  [
    'an Outlook button beside its twin',
    `<!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="${X}/b?a=1&amp;c=2" arcsize="8%"><center>Buy</center></v:roundrect><![endif]--><a href='${X}/b?a=1&c=2' style="mso-hide:all">Buy</a>`,
    [`${X}/b?a=1&c=2`],
    `Buy (${X}/b?a=1&c=2)`,
  ],
  [
    'a downlevel-revealed comment',
    `<!--[if !mso]><!-- --><a href="${X}/a">A</a><!--<![endif]-->`,
    [`${X}/a`],
    `A (${X}/a)`,
  ],
  [
    'a mailbox with a subject',
    '<a href="mailto:help%2Bme@x.example?subject=Hi%20there">Write</a>',
    [],
    'Write (help+me@x.example)',
  ],
  ['a mailbox as its own label', '<a href="mailto:a@x.example?subject=Hi">a@x.example</a>', [], 'a@x.example'],
  [
    'a telephone',
    '<a href="tel:+351 22 123">Call</a> <a href="sms:+351221">Text</a>',
    [],
    'Call (tel:+351%2022%20123) Text (sms:+351221)',
  ],
  ['an anchor in the mail', '<a href="#top">Top</a> <a name="top">Here</a>', [], 'Top Here'],
  ['a protocol-relative address', '<a href="//x.example/a">A</a>', [], 'A (//x.example/a)'],
  [
    'a base',
    `<base href="${X}/shop/"><a href="tea?b=1">Tea</a> <a href="/x">X</a> <a href="#top">Top</a>`,
    [`${X}/shop/tea?b=1`, `${X}/x`],
    `Tea (${X}/shop/tea?b=1) X (${X}/x) Top`,
  ],
  [
    'a second base',
    `<base href="${X}/a/"><base href="https://y.example/"><a href="b">B</a>`,
    [`${X}/a/b`],
    `B (${X}/a/b)`,
  ],
  [
    'a picture and words in one link',
    `<a href="${X}/a"><img src="https://i.example/i.png" alt="Logo">Shop</a>.`,
    [`${X}/a`],
    `Logo Shop (${X}/a).`,
  ],
  [
    'a picture without words',
    `<a href="${X}/a"><img src="https://i.example/i.png" alt=""></a><a href="${X}/b"><img src="https://i.example/i.png" alt="B"></a>`,
    [`${X}/a`, `${X}/b`],
    `${X}/a B (${X}/b)`,
  ],
  [
    'a row of icons in cells',
    `<table><tr><td><a href="${X}/a"><img alt="A"></a></td><td><a href="${X}/b"><img alt="B"></a></td></tr></table>`,
    [`${X}/a`, `${X}/b`],
    `A (${X}/a) B (${X}/b)`,
  ],
  [
    'a letter of a word behind a link',
    `Our <a href="${X}/a">shop</a>s, <a href="${X}/b">b</a>!`,
    [`${X}/a`, `${X}/b`],
    `Our shop (${X}/a) s, b (${X}/b)!`,
  ],
  [
    'a link that is never closed',
    `<a href="${X}/a">A <p>and <a href="${X}/b">B</a></p>`,
    [`${X}/a`, `${X}/b`],
    `A\n\nand\n\n(${X}/a) B (${X}/b)`,
  ],
  [
    'two addresses in branches of an attribute',
    `<a {% if first_name == "Ada" %}href="${X}/a"{% else %}href="${X}/b"{% endif %} class="c">Go</a>`,
    [`${X}/a`, `${X}/b`],
    `Go (${X}/a)`,
  ],
  [
    'two links in branches with one label',
    `{% if first_name == "Bob" %}<a href="${X}/a">{% else %}<a href="${X}/b">{% endif %}Go</a> on`,
    [`${X}/a`, `${X}/b`],
    `(${X}/b) Go on`,
  ],
  [
    'Liquid directly behind the name',
    `<a{% if true %} class="b"{% endif %} href="${X}/a">A</a>`,
    [`${X}/a`],
    `A (${X}/a)`,
  ],
  ['upper case, no quotes, a slash at the end', `<A HREF=${X}/a/>A</A>`, [`${X}/a/`], `A (${X}/a/)`],
  ['an attribute that comes twice', `<a href="${X}/a" href="${X}/b">A</a>`, [`${X}/a`], `A (${X}/a)`],
  [
    'an address that was broken into lines',
    `<a href="\n  ${X}/a\n  ?b=1  ">A</a>`,
    [`${X}/a%20%20?b=1`],
    `A (${X}/a%20%20?b=1)`,
  ],
  [
    'parameters of campaigns',
    `<a href="${X}/?utm_source=a&utm_medium=email&reg=1&copy=2&lt=3">A</a>`,
    [`${X}/?utm_source=a&utm_medium=email&reg=1&copy=2&lt=3`],
    `A (${X}/?utm_source=a&utm_medium=email&reg=1&copy=2&lt=3)`,
  ],
  [
    'a link around a whole table',
    `<a href="${X}/a"><table><tr><td>One</td><td>Two</td></tr></table></a>`,
    [`${X}/a`],
    `One Two\n\n(${X}/a)`,
  ],
  [
    'a hidden twin for telephones',
    `<div style="display:none"><a href="${X}/m">M</a></div><a href="${X}/d">D</a>`,
    [`${X}/m`, `${X}/d`],
    `D (${X}/d)`,
  ],
  [
    'a name captured in a hidden place',
    '<div style="display:none">{% capture who %}dear {{ first_name }}{% endcapture %}x</div><p>Hi {{ who }}</p>',
    [],
    'Hi dear Ada',
  ],
  [
    'a Klaviyo preview spacer',
    '<div style="font-size:1px;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden">Pre &#847; &zwnj;</div><p>Body</p>',
    [],
    'Body',
  ],
  [
    'columns that font-size:0 holds together',
    '<div style="font-size:0"><div style="display:inline-block;font:16px/1.5 Arial">One</div> <div style="font-size:1rem">Two</div></div>',
    [],
    'One\nTwo',
  ],
  [
    'a class hidden by the sheet and shown by its style',
    '<style>.m{display:none}</style><p class="m" style="display:block">Shown</p><p class="m">Gone</p>',
    [],
    'Shown',
  ],
  [
    'a calendar entry with line breaks and a period',
    '<a href="https://calendar.example/render?action=TEMPLATE&amp;dates=20260102T090000Z/20260102T100000Z&amp;details=A%0AB&amp;ctz=Europe/Lisbon">Add</a>',
    [
      'https://calendar.example/render?action=TEMPLATE&dates=20260102T090000Z/20260102T100000Z&details=A%0AB&ctz=Europe/Lisbon',
    ],
    'Add (https://calendar.example/render?action=TEMPLATE&dates=20260102T090000Z/20260102T100000Z&details=A%0AB&ctz=Europe/Lisbon)',
  ],
  [
    'a map with a place, a route in the fragment and matrix parameters',
    `<a href="${X}/maps/@41.15,-8.61,17z/data=!3m1!4b1">Map</a>, <a href="${X}/#!/a/b?c=1">App</a>, <a href="${X}/a;b=1;c=2/d">M</a>`,
    [`${X}/maps/@41.15,-8.61,17z/data=!3m1!4b1`, `${X}/#!/a/b?c=1`, `${X}/a;b=1;c=2/d`],
    `Map (${X}/maps/@41.15,-8.61,17z/data=!3m1!4b1), App (${X}/#!/a/b?c=1), M (${X}/a;b=1;c=2/d)`,
  ],
  [
    'an address in an address, with references without semicolons',
    `<a href="${X}/share?u=https%3A%2F%2Fy.example%2F%3Fa%3D1%26b%3D2&text=a&copy=1&lang=pt">Share</a>`,
    [`${X}/share?u=https%3A%2F%2Fy.example%2F%3Fa%3D1%26b%3D2&text=a&copy=1&lang=pt`],
    `Share (${X}/share?u=https%3A%2F%2Fy.example%2F%3Fa%3D1%26b%3D2&text=a&copy=1&lang=pt)`,
  ],
  [
    'an address broken over lines by an editor',
    '<a href="https://x.example/a\r\n   b?c=1">A</a> <a href="\n\thttps://x.example/d\n">D</a>',
    [`${X}/a%20%20%20b?c=1`, `${X}/d`],
    `A (${X}/a%20%20%20b?c=1) D (${X}/d)`,
  ],
  [
    'an empty query, an empty fragment, a port and a user',
    '<a href="https://x.example/?">Q</a> <a href="https://x.example/#">F</a> <a href="https://u:p@x.example:8443/a">U</a> <a href="https://x.example:443">P</a>',
    [`${X}/?`, `${X}/#`, 'https://u:p@x.example:8443/a', `${X}/`],
    `Q <${X}/?> F (${X}/#) U (https://u:p@x.example:8443/a) P (${X}/)`,
  ],
  [
    'emoji in the host, the path and the label',
    '<a href="https://i❤.example/☕?q=é">☕ Café</a>',
    ['https://xn--i-7iq.example/%E2%98%95?q=%C3%A9'],
    '☕ Café (https://xn--i-7iq.example/%E2%98%95?q=%C3%A9)',
  ],
  [
    'a card that is one link around a table',
    `<a href="${X}/card"><table><tr><td><h2>Tea</h2></td></tr><tr><td><p>From 3 €</p></td></tr></table></a>`,
    [`${X}/card`],
    `Tea\n\nFrom 3 €\n\n(${X}/card)`,
  ],
  [
    'the same link on a picture, a heading and a button',
    `<a href="${X}/p"><img alt="Pot"></a><h2><a href="${X}/p">Pot</a></h2><p><a href="${X}/p" role="button"><span>Buy</span></a></p>`,
    [`${X}/p`],
    `Pot (${X}/p)\n\n\nPot (${X}/p)\n\nBuy (${X}/p)`,
  ],
  [
    'a link on a list item, a cell of figures and a note',
    `<ul><li><a href="${X}/1">One</a><li><a href="${X}/2">Two</a></ul><sup><a href="${X}/n">1</a></sup>`,
    [`${X}/1`, `${X}/2`, `${X}/n`],
    ` * One (${X}/1)\n * Two (${X}/2)\n\n1 (${X}/n)`.trim(),
  ],
  [
    'a link of Outlook with a scheme of its own',
    '<a href="ms-outlook://compose?to=a@x.example">Compose</a> <a href="webcal://x.example/c.ics">Calendar</a>',
    [],
    'Compose (ms-outlook://compose?to=a@x.example) Calendar (webcal://x.example/c.ics)',
  ],
];

describe.each(UNLUCKY)('%s', (_what, html, destinations, text) => {
  test('keeps its links in a letter', async () => {
    const mail = await followedLetter({ html: html + OUT });
    expect(mail.destinations).toEqual(destinations);
    expect(withoutFooter(mail.text)).toBe(text);
  });
});

function withoutFooter(text: string): string {
  return text.replace(/\s*Out \(https:\/\/mail\.example\.test\/u\/[\w-]+\)\s*$/, '').trim();
}
