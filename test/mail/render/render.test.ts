import { describe, expect, test } from 'vitest';
import { RenderFault, renderLetter } from '../../../mail/render/render.js';
import { aJob, column, htmlTemplate, mjmlTemplate } from '../../support/mail/rendering.js';

const flat = (html: string) => html.replace(/\s+/g, ' ').replace(/> </g, '><');

describe('Liquid of the recipients', () => {
  test('survives MJML and the inliner in texts, attributes, between rows and around elements', async () => {
    const template = mjmlTemplate(
      `{% if vip %}${column('<mj-button href="https://x.test/{{ id | default: "a b" }}?q=1&amp;r={{ q }}">{{ label }}</mj-button>')}{% endif %}
       ${column('{% if city %}<mj-text>{{ city }}</mj-text>{% endif %}<mj-table><tr><th>a</th></tr>{% for item in items %}<tr><td>{{ item.name }}</td></tr>{% endfor %}</mj-table>')}`,
    );
    const html = flat((await renderLetter(aJob({ template, body: null }))).html);
    expect(html).toContain('href="https://x.test/{{ id | default: "a b" }}?q=1&amp;r={{ q }}"');
    expect(html).toMatch(
      /<\/tr> ?\{% for item in items %\}<tr><td[^>]*>\{\{ item\.name \}\}<\/td><\/tr>\{% endfor %\}/,
    );
    expect(html).toMatch(/<tbody> ?\{% if city %\} ?<tr><td.*\{\{ city \}\}<\/div><\/td><\/tr> ?\{% endif %\}/);
    expect(html).toMatch(/\{% if vip %\}.*\{\{ label \}\}.*\{% endif %\}/);
  });

  test('survives HTML: loops that open a table, comparisons, whole attributes, styles and titles', async () => {
    const source =
      '<table>{% for row in rows %}<tr><td {% if row.hot %}class="hot"{% endif %} style="color:{{ row.colour }}">{{ row.name }}</td></tr>{% endfor %}</table>{% if age < 18 and name == "<b>" %}<p>Young</p>{% endif %}';
    const html = flat((await renderLetter(aJob({ body: { format: 'html', source } }))).html);
    expect(html).toContain(
      '<tbody>{% for row in rows %}<tr><td {% if row.hot %}class="hot"{% endif %} style="color:{{ row.colour | safe_css }}',
    );
    expect(html).toContain('{% if age < 18 and name == "<b>" %}<p');
    expect(html).toContain('<title>News &amp; {{ first_name }}</title>');
  });

  test('values that are the same for all are filled, also inside a recipient’s tag', async () => {
    const template = htmlTemplate(
      '{% if brand.logo %}<img>{% else %}<h1>{{ brand.name }}</h1>{% endif %}{% for link in brand.social %}<a href="{{ link.url }}">{{ link.label }} {{ forloop.index }} {{ first_name }}</a>{% endfor %}{{ company | default: brand.name }}{{ content }}',
    );
    const { html } = await renderLetter(aJob({ template }));
    expect(html).toContain(
      '<h1>Acme &amp; Sons</h1><a href="https://github.com/acme?a=1&amp;b=2">GitHub 1 {{ first_name }}</a>',
    );
    expect(html).toContain('{{ company | default: "Acme & Sons" }}');
    expect(html).not.toMatch(/brand\.|[\uE000-\uE003]/);
  });

  test('a recipient’s field with the name of a fixed value stays the recipient’s', async () => {
    const source = '<p>{{ brand }} {{ content }} {{ mail }} {% raw %}{{ brand.name }}{% endraw %}</p>';
    const { html } = await renderLetter(aJob({ body: { format: 'html', source } }));
    expect(html).toContain('{{ brand }} {{ content }} {{ mail }} &#123;{ brand.name }}');
  });
});

describe('a whole letter', () => {
  test('has language, direction, title, preheader, text part, an unsubscribe link and the postal address', async () => {
    const { html, text } = await renderLetter(aJob({ language: 'ar', preheader: 'Soon, {{ first_name }}' }));
    expect(html).toMatch(/^<!DOCTYPE html><html lang="ar" dir="rtl">/i);
    expect(html).toMatch(/<body>\s*<div style="display:none[^>]*>Soon, \{\{ first_name \}\}/);
    expect(html).toContain('href="{{ unsubscribe_url }}"');
    expect(html).toMatch(/1 Harbour Road<br>\s*Porto, Portugal/);
    expect(text).toContain('Hello {{ first_name }}');
    expect(text).toContain('Porto, Portugal');
    expect(text).toContain('({{ unsubscribe_url }})');
    expect(text).not.toContain('Soon');
  });

  test('an empty title becomes the subject as it is written', async () => {
    const source = '<html><head><title> </title></head><body>{{ content }}</body></html>';
    const subject = 'Win $$50 $& $` $1 {{ first_name }}';
    const { html } = await renderLetter(aJob({ template: { format: 'html', source }, subject }));
    expect(html).toContain('<title>Win $$50 $&amp; $` $1 {{ first_name }}</title>');
  });

  test('a message has no unsubscribe link, because it has no list', async () => {
    const { html, text } = await renderLetter(aJob({ purpose: 'message' }));
    expect(html + text).not.toMatch(/unsubscribe/i);
  });

  test('a given text part stays, followed by the unsubscribe link', async () => {
    const { text } = await renderLetter(aJob({ text: 'Hello {{ first_name }}' }));
    expect(text).toBe(
      'Hello {{ first_name }}\n\n1 Harbour Road\nPorto, Portugal\n\nUnsubscribe: {{ unsubscribe_url }}\n',
    );
  });

  test('the body gets the styles of the brand, inline', async () => {
    const blocks = [
      { type: 'heading', text: 'Hi {{ first_name }}' },
      { type: 'paragraph', text: 'A **bold** [link](https://x.test/?a=1&b=2) <b>' },
      { type: 'button', label: 'Go', url: 'https://x.test/{{ id }}' },
      { type: 'facts', rows: [{ label: 'When', value: 'Now' }] },
    ] as const;
    const { html, text } = await renderLetter(aJob({ body: { format: 'blocks', blocks } }));
    expect(html).toMatch(/<h2 style="[^"]*font-size: ?21px[^"]*">Hi \{\{ first_name \}\}<\/h2>/);
    expect(html).toMatch(
      /A <strong>bold<\/strong> <a href="https:\/\/x\.test\/\?a=1&amp;b=2" style="[^"]*">link<\/a> &lt;b&gt;/,
    );
    expect(html).toMatch(/<td class="ep-button" style="[^"]*background-color: ?#1f5fbf/);
    expect(text).toContain('Go{% link_address after %}https://x.test/{{ id }}{% endlink_address %}');
    expect(text).toContain('When Now');
  });

  test('a whole document keeps its head and its styles', async () => {
    const source =
      '<!doctype html><html lang="de"><head><title>Mein</title><style>p{color:red} a:hover{color:blue}</style></head><body class="x"><p>Hallo</p></body></html>';
    const { html } = await renderLetter(aJob({ template: null, body: { format: 'html', source } }));
    expect(html).toContain('<html dir="ltr" lang="de">');
    expect(html).toContain('<title>Mein</title>');
    expect(html).toMatch(/<p style="color: ?red;?">Hallo<\/p>/);
    expect(html).toContain('a:hover');
    expect(html).not.toContain('ep-');
  });
});

describe('what mails must not contain', () => {
  test.each([
    ['a script in mj-raw', '<mj-raw><script>alert(1)</script></mj-raw>', 'alert'],
    ['a handler', '<mj-text><a href="https://x.test" onclick="alert(1)">x</a></mj-text>', 'alert'],
    ['a script address', '<mj-text><a href="java\nscript:alert(1)">x</a></mj-text>', 'alert'],
    ['Liquid that prints a script', `<mj-text>{{ '<script>alert(1)</script>' | raw }}</mj-text>`, 'alert'],
    ['a hidden handler', '<mj-raw><p {% if a %}onclick="alert(1)"{% endif %}>x</p></mj-raw>', 'alert'],
    ['a script for Outlook', '<mj-raw><!--[if mso]><script>alert(1)</script><![endif]--></mj-raw>', 'alert'],
    ['a refresh', '<mj-raw><meta http-equiv="refresh" content="0;url=https://x.test/r"></mj-raw>', 'x.test/r'],
    ['a frame', '<mj-raw><iframe src="https://x.test/f"></iframe></mj-raw>', 'x.test/f'],
    ['an import', '<mj-raw><style>@import url(https://x.test/i); p{color:red}</style></mj-raw>', 'x.test/i'],
    ['a file', '<mj-include path="/etc/passwd" />', 'root:'],
  ])('%s is removed', async (_, inside, gone) => {
    const { html } = await renderLetter(aJob({ template: mjmlTemplate(column(`${inside}<mj-text>ok</mj-text>`)) }));
    expect(html).not.toContain(gone);
    expect(html).toContain('ok');
  });

  test('Outlook’s conditional comments stay', async () => {
    const { html, findings } = await renderLetter(aJob({ template: mjmlTemplate(column('<mj-text>x</mj-text>')) }));
    expect(html).toContain('<!--[if mso | IE]>');
    expect(findings.filter(({ code }) => code === 'markup_removed')).toEqual([]);
  });
});

test.each(['<mj-text colour="red">x</mj-text>', '<mj-nonsense />'])(
  '%s is reported, and the rest is rendered',
  async (source) => {
    const { findings } = await renderLetter(aJob({ template: mjmlTemplate(column(source)) }));
    expect(findings.map(({ code }) => code)).toContain('mjml_invalid');
  },
);

test.each([
  ['template', { template: mjmlTemplate('{% if brand.name %}') }],
  ['template', { template: { format: 'mjml', source: 'no MJML' } as const }],
  ['body', { body: { format: 'html', source: '{{ brand.name | shout }}' } as const }],
])('a %s that cannot be parsed is reported', async (field, over) => {
  await expect(renderLetter(aJob(over))).rejects.toSatisfy(
    (error) => error instanceof RenderFault && error.field === field,
  );
});
