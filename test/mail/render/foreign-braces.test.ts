import { describe, expect, test } from 'vitest';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob, column, htmlTemplate, mjmlTemplate } from '../../support/mail/rendering.js';

const FIELDS = { secret: 'SECRET', first_name: 'Ada', unsubscribe_url: 'https://u.test/', x: true };

/** A body rendered and filled for one recipient. */
async function read(source: string, over: Parameters<typeof aJob>[0] = {}) {
  const { html, text } = await renderLetter(aJob({ body: { format: 'html', source }, ...over }));
  const filled = fillParts(parseParts({ subject: 'x', preheader: null, html, text }), FIELDS, false);
  if ('fault' in filled) throw new Error(filled.fault);
  return filled;
}

describe('text that only decoding or tidying turns into braces stays text, in the HTML and in the text part', () => {
  test.each([
    ['decimal references', '&#123;&#123; secret &#125;&#125;'],
    ['references without a semicolon', '&#123&#123 secret &#125&#125'],
    ['hexadecimal references', '&#x7b;&#X7B; secret }}'],
    ['named references', '&lcub;&lcub; secret &rcub;&rcub;'],
    ['one of two references', '{&#123; secret }}'],
    ['a tag in references', '&#123;% if x %&#125;&#123;{ secret }}'],
    ['a comment between', '{<!-- x -->{ secret }}'],
    ['a removed element between', '{<script>x</script>{ secret }}'],
    ['an unknown element between', '{<x-y>{ secret }}</x-y>'],
    ['an element that the text part drops', '{<b></b>{ secret }}'],
    ['an element within the tag', '{<i>%</i> if secret %}'],
    ['the author’s raw block', '{% raw %}{{ secret }}{% endraw %}'],
    ['a string with braces', '{{ "{{ secret }}" }}'],
    ['a character that stands for a tag', '{\uE000{ secret }}'],
    ['a noncharacter', '{\uFDD2{ secret }}'],
    ['a zero-width space between', '{\u200B{ secret }}'],
    ['a soft hyphen between', '{&shy;{ secret }}'],
    ['a possible line break between', '{<wbr>{ secret }}'],
    ['an empty Outlook comment between', '{<!--[if mso]><![endif]-->{ secret }}'],
  ])('%s', async (_, source) => {
    const { html, text } = await read(`<p>Hi {{ first_name }}: ${source}</p>`);
    expect(html.replaceAll('&#123;', '{')).toContain('Hi Ada: {');
    expect(text).toContain('Hi Ada: {');
    expect(html + text).not.toMatch(/SECRET|\uFDD2/);
  });

  test('in attributes, titles, preheaders and subjects', async () => {
    const source =
      '<img src="https://x.test/a.png" alt="&#123;&#123; secret &#125;&#125;"><p title="&lcub;{ secret }}">x</p>';
    const preheader = '{% raw %}{{ secret }}{% endraw %}';
    const { html, text } = await read(source, { preheader, subject: preheader });
    expect(html + text).not.toContain('SECRET');
    expect(html).toContain('alt="&#123;{ secret }}"');
    expect(html).toContain('<title>{{ secret }}</title>');
  });

  test('in MJML', async () => {
    const { html, text } = await read('<p>x</p>', {
      template: mjmlTemplate(
        column('<mj-text>&#123;&#123; secret &#125;&#125; {{ first_name }}</mj-text>{{ content }}'),
      ),
    });
    expect(html + text).not.toContain('SECRET');
    expect(html).toContain('&#123;{ secret }} Ada');
  });

  test.each([
    ['references of the characters that stand for tags', '&#xE000;0&#xE001; &#xE000;1&#xE001;'],
    ['the name of an attribute that stands for tags', '<b title="data-liquid-0">data-liquid-0</b>'],
    ['references of the noncharacter', '{&#xFDD2;{ secret }}'],
  ])('nor does anything else stand for a tag: %s', async (_, source) => {
    const { html, text } = await read(`<p>${source}</p>`, { subject: '{{ secret }}' });
    const [, body = ''] = /<body[^>]*>([\s\S]*)/.exec(html) ?? [];
    expect(body + text).not.toContain('SECRET');
    if (source.includes('title')) expect(html).toContain('<b title="data-liquid-0">data-liquid-0</b>');
  });

  test('in addresses, which keep their braces', async () => {
    const { html } = await read('<a href="https://x.test/?q=&#123;&#123;a}}&amp;b=&#123;%20c%}">x</a>');
    expect(html.replaceAll('&#123;', '{')).toContain('href="https://x.test/?q={{a}}&amp;b={%20c%}"');
    expect(html).not.toContain('\uFDD2');
  });

  test('in the brand', async () => {
    const brand = { ...aJob().brand, name: '{{ secret }}{% if' };
    const { html } = await read(
      '<p>{{ brand.name }}{% if first_name %}{{ first_name | append: brand.name }}{% endif %}</p>',
      { brand },
    );
    expect(html.replaceAll('&#123;', '{')).toContain('{{ secret }}{% ifAda{{ secret }}{% if');
  });
});

test.each([
  [
    'Handlebars in a raw block',
    '{% raw %}{{#each items}}{{{ secret }}}{{/each}}{% endraw %}',
    '{{#each items}}{{{ secret }}}{{/each}}',
  ],
  [
    'a code sample of Jinja',
    '<code>&lbrace;&percnt; for s in secret &percnt;&rbrace;&lbrace;&lbrace; s &rbrace;&rbrace;</code>',
    '{% for s in secret %}{{ s }}',
  ],
  ['AMPscript', '%%[ SET @a = secret ]%% %%=v(@a)=%%', '%%[ SET @a = secret ]%% %%=v(@a)=%%'],
  ['CSS', '@media print{.a{color:red}}.b{}{{ first_name }}', '@media print{.a{color:red}}.b{}Ada'],
  [
    'JSON-LD with a value in a string',
    '{"@type":"Event","location":{"name":"{{ first_name }}"}}',
    '{"@type":"Event","location":{"name":"Ada"}}',
  ],
  ['a value at the end of an object', '{"a":{{ first_name }}}', '{"a":Ada}'],
  ['emoji between braces', '{🎉{ secret }🎉} {🎉{{ first_name }}🎉}', '{🎉{ secret }🎉} {🎉Ada🎉}'],
  ['a template literal', `&#36;&lcub;{{ first_name }}&rcub; \${secret}`, `\${Ada} \${secret}`],
  ['a shell parameter', '$-{{ first_name }}:-x} $#{% if first_name %}{#}{% endif %}', '$-Ada:-x} $#{#}'],
  ['a raw block that data would end', '{{ "{% endraw %}{{ secret }}" }}', '{% endraw %}{{ secret }}'],
  ['comments of Twig', '{# secret #} {#{{ first_name }}#}', '{# secret #} {#Ada#}'],
  ['groups of LaTeX', '\\frac{1}{2}{{ first_name }}{\\bf x}', '\\frac{1}{2}Ada{\\bf x}'],
  ['signs of replacements', "$&amp; $1 $$ $` $' {{ first_name }} $&lt;a>", "$& $1 $$ $` $' Ada $<a>"],
])('a construct of a real newsletter is read as it is written: %s', async (_, source, shown) => {
  expect((await read(`<p>[${source}]</p>`)).text).toContain(`[${shown}]`);
});

test.each([
  ['an alternative text', '<img src="https://x.test/a.png" alt="&#123;&#123;{{ first_name }}}">', 'alt="{{Ada}"'],
  ['a title', '<b title="&#123;&#123;b}} {{ first_name }} {">x</b>', 'title="{{b}} Ada {"'],
  [
    'a query in percent signs',
    '<a href="https://x.test/?q=%7B%7Bsecret%7D%7D&amp;n={{ first_name }}">x</a>',
    'href="https://x.test/?q=%7B%7Bsecret%7D%7D&amp;n=Ada"',
  ],
  [
    'a query with braces beside a value',
    `<a href="https://x.test/?q=&#123;{{ first_name }}}&amp;r=\${secret}">x</a>`,
    `href="https://x.test/?q={Ada}&amp;r=\${secret}"`,
  ],
])('braces in an attribute are read as they are written: %s', async (_, source, shown) => {
  expect((await read(`<p>${source}</p>`)).html.replaceAll('&#123;', '{')).toContain(shown);
});

test.each([
  ['a brace directly before a tag', '&#123;{{ first_name }}}', '{Ada}'],
  ['a closing pair in a string', '{{ "}}" }}{{ first_name }}', '}}Ada'],
  ['an opening pair in a string', '{{ first_name | append: "{{" }}', 'Ada{{'],
  ['CSS braces beside a tag', '<b>{</b>{{ first_name }}<b>}</b>', '<b>{</b>Ada<b>}</b>'],
  ['whitespace control', 'a {{- first_name -}} b', 'aAdab'],
  [
    'an inline comment and a comment',
    '{% # note %}{% comment %}{{ secret }} <p>{% endcomment %}{{ first_name }}',
    'Ada',
  ],
  ['a tag over several lines', '{{ first_name\n | upcase\n }}', 'ADA'],
])('a letter is read as Liquid reads its source: %s', async (_, source, shown) => {
  expect(
    (await read(`<p>[${source}]</p>`, { template: htmlTemplate('{{ content }}') })).html.replaceAll('&#123;', '{'),
  ).toContain(`[${shown}]`);
});
