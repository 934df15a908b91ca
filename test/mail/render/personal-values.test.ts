import { describe, expect, test } from 'vitest';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { isSafeUrl } from '../../../mail/liquid/safe-values.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob } from '../../support/mail/rendering.js';

/** A body rendered, and filled for a recipient with this attribute `v`. */
async function mail(source: string, v: unknown, more: object = {}) {
  const document = `<!doctype html><html><head></head><body>${source}</body></html>`;
  const job = aJob({ template: null, body: { format: 'html', source: document } });
  const { html, text, findings } = await renderLetter(job);
  const fields = { attributes: { v, ...more }, unsubscribe_url: 'https://mail.test/u/1', first_name: 'Ada' };
  const filled = fillParts(parseParts({ subject: 'x', preheader: null, html, text }), fields, false);
  if ('fault' in filled) throw new Error(filled.fault);
  return { html: filled.html, text: filled.text, codes: findings.map(({ code }) => code) };
}

const HARMFUL = [
  'javascript:alert(1)',
  ' javascript:alert(1)',
  '\u0001JaVa\nScRiPt\t:alert(1)',
  'java\u200bscript:alert(1)',
  'vbscript:x',
  'data:text/html,<script>alert(1)</script>',
  'file:///etc/passwd',
];

describe('a personal address that a browser would run is not printed', () => {
  test.each(HARMFUL)('%j', async (v) => {
    const { html } = await mail('<a href="{{ attributes.v }}">x</a><img alt="" src="{{ attributes.v }}">', v);
    expect(html).toContain('<a href="">x</a>');
    expect(html).toContain('src=""');
  });

  test.each([
    ['in two parts', '<a href="{{ attributes.v }}{{ attributes.w }}">x</a>'],
    ['behind fixed letters', '<a href="java{{ attributes.w2 }}">x</a>'],
    [
      'in a block',
      '<a href="{% if attributes.v %}{{ attributes.v }}{{ attributes.w }}{% else %}https://x.test{% endif %}">x</a>',
    ],
    ['assigned', '{% assign u = attributes.v | append: attributes.w %}<a href="{{ u }}">x</a>'],
    ['captured', '{% capture u %}{{ attributes.v }}{{ attributes.w }}{% endcapture %}<a href="{{ u | raw }}">x</a>'],
    ['without quotes', '<a href={{ attributes.all }}>x</a>'],
    ['in an attribute that a condition writes', '<a {% if attributes.v %}href="{{ attributes.all }}"{% endif %}>x</a>'],
    ['echoed', '<a href="{% echo attributes.all %}">x</a>'],
    ['cycled', '<a href="{% cycle attributes.all %}">x</a>'],
    ['behind a tag that prints nothing', '<a href="{% assign x = 1 %}javascript:{{ attributes.w }}">x</a>'],
    ['before a fixed colon', '<a href="{{ attributes.js }}:alert(1)">x</a>'],
    ['before a colon in a reference', '<a href="{{ attributes.js }}&#58;alert(1)">x</a>'],
    ['in a list of tags', '<a href="{% liquid echo attributes.all %}">x</a>'],
    ['in upper case, in a map', '<map><AREA HREF="{{ attributes.all | upcase }}"></map>'],
    [
      'in the list of a loop',
      '{% assign u = attributes.all | split: "," %}{% for a in u %}<a href="{{ a }}">x</a>{% endfor %}',
    ],
    [
      'in a table row',
      '<table>{% tablerow u in (1..1) %}<a href="{{ attributes.all }}">x</a>{% endtablerow %}</table>',
    ],
    ['joined from a list', '{% assign u = "java,x" | split: "," %}<a href="{{ u[0] }}{{ attributes.w }}">x</a>'],
    ['through filters', '<a href="{{ attributes.all | prepend: " " | replace: "x", "" | escape_once }}">x</a>'],
    ['decoded by a filter', '<a href="{{ attributes.coded | url_decode }}">x</a>'],
    [
      'as the first of two candidates',
      '<img alt="" src="{{ attributes.all }}" srcset="{{ attributes.all }} 1x, b.png 2x">',
    ],
    ['in Outlook’s markup', '<!--[if mso]><v:rect href="{{ attributes.all }}"></v:rect><![endif]-->'],
  ])('%s', async (_, source) => {
    const more = {
      w: 'script:alert(1)',
      w2: 'script:alert(1)',
      all: 'javascript:alert(1)',
      js: 'javascript',
      coded: 'javascript%3Aalert(1)',
    };
    const { html } = await mail(source, 'java', more);
    expect(html).not.toMatch(/javascript:/i);
  });

  test.each([
    ['https://x.test/a?b=1&c=2#d', 'https://x.test/a?b=1&amp;c=2#d'],
    ['HTTP://x.test/', 'HTTP://x.test/'],
    ['mailto:a@x.test', 'mailto:a@x.test'],
    ['tel:+49123', 'tel:+49123'],
    ['x.test/a:b', 'x.test/a:b'],
    ['//x.test/a', '//x.test/a'],
    ['', ''],
  ])('an ordinary one is: %j', async (v, shown) => {
    expect((await mail('<a href="{{ attributes.v }}">x</a>', v)).html).toContain(`<a href="${shown}">x</a>`);
  });

  test.each(['javascript&#58;alert(1)', 'javascript&colon;alert(1)', 'java&Tab;script:x', '&#106;avascript:x'])(
    'a reference that a browser would decode is not printed, where a caller may send HTML itself: %s',
    (url) => expect(isSafeUrl(url)).toBe(false),
  );

  test('a picture may be in its address, a page may not', async () => {
    const picture = 'data:image/png;base64,iVBORw0KGgo=';
    const { html } = await mail('<img alt="" src="{{ attributes.v }}"><a href="{{ attributes.v }}">x</a>', picture);
    expect(html).toContain(`src="${picture}"`);
    expect(html).toContain('<a href="">x</a>');
  });

  test.each([
    ['https://x.test/a.png', 'srcset="https://x.test/a.png 1x, https://x.test/a.png 2x"'],
    ['javascript:x', 'srcset=" 1x,  2x"'],
  ])('each picture for another density is checked for itself: %s', async (v, shown) => {
    const { html, codes } = await mail(
      '<img alt="" src="a.png" srcset="{{ attributes.v }} 1x, {{ attributes.v }} 2x">',
      v,
    );
    expect(html).toContain(shown);
    expect(codes).not.toContain('personal_markup');
  });

  test('the caller of a message may use the scheme of an app, and none that runs code', () => {
    const parts = parseParts({
      subject: 'x',
      preheader: null,
      html: '{% safe_url %}{{ u }}{% endsafe_url %}',
      text: '',
    });
    expect(fillParts(parts, { u: 'myapp://reset?t=1' })).toMatchObject({ html: 'myapp://reset?t=1' });
    expect(fillParts(parts, { u: 'JavaScript:alert(1)' })).toMatchObject({ html: '' });
    expect(fillParts(parts, { u: 'myapp://reset?t=1' }, false)).toMatchObject({ html: '' });
  });

  test.each([
    ['<a href=https://x.test/{{ attributes.v }}>x</a>', 'href="https://x.test/1"'],
    ['<td class=a{{ attributes.v }} title="a=b">x</td>', 'class="a1"'],
  ])('a value without quotes gets them: %s', async (source, shown) => {
    const { html, codes } = await mail(source, 1);
    expect(html).toContain(shown);
    expect(codes).not.toContain('personal_markup');
  });

  test('values within an address whose scheme is fixed, and our own links, are not checked and stay fast', async () => {
    const source = '<a href="https://x.test/?n={{ attributes.v }}">x</a><a href="{{ unsubscribe_url }}">y</a>';
    const { html } = await renderLetter(aJob({ body: { format: 'html', source } }));
    expect(html).not.toContain('safe_url');
  });

  test.each([
    ['a refused address', '<a href="{{ attributes.v }}">Offer</a>', 'javascript:alert(1)', 'Offer'],
    ['no address', '<a href="{{ attributes.v }}">Offer</a>', null, 'Offer'],
    ['an address in a branch', '<a {% if attributes.v %}href="{{ attributes.v }}"{% endif %}>Offer</a>', null, 'Offer'],
    ['a refused address without words', '<a href="{{ attributes.v }}"></a>Offer', 'data:text/html,x', ' Offer'],
    ['a refused address as its own words', '<a href="{{ attributes.v }}">{{ attributes.v }}</a>', 'data:x', 'data:x'],
    ['an address', '<a href="{{ attributes.v }}">Offer</a>', 'https://x.test/a', 'Offer (https://x.test/a)'],
    [
      'an address as its own words',
      '<a href="{{ attributes.v }}">{{ attributes.v }}</a>',
      'https://x.test/a',
      'https://x.test/a',
    ],
    [
      'blanks',
      '<a href="https://x.test/?c={{ attributes.v }}">Offer</a>',
      'New York',
      'Offer (https://x.test/?c=New%20York)',
    ],
    ['line breaks', '<a href="https://x.test/{{ attributes.v }}">Offer</a>', 'a\nb', 'Offer (https://x.test/ab)'],
    [
      'a full stop at the end',
      '<a href="https://x.test/{{ attributes.v }}">Offer</a>',
      'a.',
      'Offer <https://x.test/a.>',
    ],
    ['a bracket', '<a href="https://x.test/{{ attributes.v }}">Offer</a>', 'a)b', 'Offer <https://x.test/a)b>'],
  ])('the text part prints %s as a reader can use it', async (_, source, v, shown) => {
    const { text } = await mail(`<p>Our ${source}</p>`, v);
    expect(text.split('\n')[0]).toBe(`Our ${shown}`);
  });
});

describe('a personal value in a style stays within its declaration', () => {
  test.each([
    ['red;background:url(https://evil.test/)', '<p style="color:{{ attributes.v }};margin:0">x</p>'],
    ['expression(alert(1))', '<p style="width:{{ attributes.v }}">x</p>'],
    ['javascript:alert(1)', '<p style="background:url({{ attributes.v }})">x</p>'],
    ["https://x.test/a.png');color:red", '<p style="background:url(\'{{ attributes.v }}\')">x</p>'],
    ['red}p{display:none', '<style>.a{color:{{ attributes.v }}}</style><p class="b">x</p>'],
  ])('%s', async (v, source) => {
    const { html } = await mail(source, v);
    expect(html).not.toContain(v);
    expect(html).not.toMatch(/evil|alert|color:\s*red|display:\s*none[^;]*}/);
  });

  test.each([
    ['#ff0000', '<p style="color:{{ attributes.v }}">x</p>', '#ff0000'],
    ['rgb(1, 2, 3)', '<p style="color:{{ attributes.v }}">x</p>', 'rgb(1, 2, 3)'],
    [
      'https://x.test/a.png?b=1',
      '<p style="background:url({{ attributes.v }})">x</p>',
      'url(https://x.test/a.png?b=1)',
    ],
    ["'Open Sans', serif", '<p style="font-family:{{ attributes.v }}">x</p>', 'Open Sans'],
    ['https://x.test/hero@2x.png', '<p style="background:url({{ attributes.v }})">x</p>', 'hero@2x.png'],
    ['calc(100% - (2px))', '<p style="width:{{ attributes.v }}">x</p>', 'calc(100% - (2px))'],
    ['12', '<p style="background:url(https://x.test/{{ attributes.v }}.png)">x</p>', 'url(https://x.test/12.png)'],
  ])('an ordinary one is printed: %s', async (v, source, shown) => {
    expect((await mail(source, v)).html).toContain(shown);
  });
});

describe('a personal value as the name of a tag or attribute is refused by the check', () => {
  test.each([
    '<p {{ attributes.v }}>x</p>',
    '<p class="a" {{ attributes.v }} id="b">x</p>',
    '<p {% if attributes.v %}{{ attributes.v }}{% endif %}>x</p>',
    '<p {% echo attributes.v %}>x</p>',
    '<p {% liquid echo attributes.v %}>x</p>',
    '<p {% cycle attributes.v %}>x</p>',
    '<p data-{{ attributes.v }}="1">x</p>',
    '<p{{ attributes.v }}>x</p>',
    '<h{{ attributes.v }}>x</h{{ attributes.v }}>',
    '<{{ attributes.v }}>x</{{ attributes.v }}>',
    '<!--[if mso]><p {{ attributes.v }}>x</p><![endif]-->',
    '<p {% for t in tags %}{{ t }}{% else %}{{ attributes.v }}{% endfor %}>x</p>',
    '<p {% case attributes.v %}{% when "x" %}{% else %}{{ attributes.v }}{% endcase %}>x</p>',
  ])('%s', async (source) => {
    const { html, codes } = await mail(source, 'onmouseover=alert(1)');
    expect(codes).toContain('personal_markup');
    expect(html.replaceAll(/&lt;[^<]*|>[^<]*</g, '')).not.toContain('onmouseover');
  });

  test('so is a block that begins in an address and ends elsewhere', async () => {
    const source = '<a href="{% if attributes.v %}https://x.test" title="{{ attributes.v }}{% endif %}">x</a>';
    await expect(mail(source, 'x')).rejects.toMatchObject({ code: 'not_renderable', field: 'body' });
  });

  test.each([
    '{% assign unsubscribe_url = attributes.v %}x',
    '{% capture view_url %}x{% endcapture %}',
    '{% for preferences_url in tags %}x{% endfor %}',
    '{% liquid assign unsubscribe_url = attributes.v %}',
  ])('so is a name of Everpost’s own links that stands for something else: %s', async (source) => {
    await expect(mail(source, 'x')).rejects.toMatchObject({ message: expect.stringContaining('reserved') });
  });

  test.each([
    '<p {% if attributes.v %}class="a"{% else %}class="b"{% endif %}>x</p>',
    '<td width="{{ attributes.v }}" bgcolor="{{ attributes.v }}">x</td>',
    '<p title="{{ attributes.v }}">Mail to <{{ attributes.v }}></p>',
    '<p {% if attributes.v %}title="{{ attributes.v }}"{% endif %}>x</p>',
  ])('values and conditions are not: %s', async (source) => {
    expect((await mail(source, 'x')).codes).not.toContain('personal_markup');
  });
});
