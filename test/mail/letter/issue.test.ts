import { describe, expect, test } from 'vitest';
import { issueLetter, templateFault } from '../../../mail/letter/issue.js';
import { parseLiquid, recipientContext, renderLiquid } from '../../../mail/liquid/engine.js';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob } from '../../support/mail/rendering.js';

const content = {
  newsletter: { name: 'Acme weekly' },
  issue: { date: '15 May 2026' },
  items: [
    { title: 'One & only', link: 'https://acme.example/1' },
    { title: 'Two', link: 'https://acme.example/2' },
  ],
};
const template = {
  subject: '{{ newsletter.name }}: {{ items[0].title }}, {{ first_name | default: "reader" }}',
  preheader: null,
  html: '<p>Hi {{ first_name }}</p>{% for item in items %}<a href="{{ item.link }}">{{ item.title }}</a>{% endfor %}',
};

test('the issue is filled in, and recipient fields stay', () => {
  expect(issueLetter(template, content)).toEqual({
    subject: 'Acme weekly: One & only, {{ first_name | default: "reader" }}',
    preheader: null,
    html: '<p>Hi {{ first_name }}</p><a href="https://acme.example/1">One &amp; only</a><a href="https://acme.example/2">Two</a>',
  });
});

describe('an empty or incomplete letter is refused', () => {
  test.each([
    ['a missing variable', { ...template, subject: '{{ data.headline }}' }, 'the content lacks data'],
    ['an empty subject', { ...template, subject: ' ' }, 'the subject is empty'],
    [
      'a body without text',
      { ...template, html: '<p>{% for x in data %}{{ x }}{% endfor %}</p>' },
      'the body is empty',
    ],
    ['a loop without an end', { ...template, html: '{% for a in items %}x' }, 'not closed'],
  ])('%s is a fault with a sentence', (_what, faulty, sentence) => {
    expect(issueLetter(faulty, { ...content, ...(sentence.includes('body') && { data: [] }) })).toContain(sentence);
  });

  test('a body of unclosed tags is read in one pass', () => {
    const html = `${'<'.repeat(400_000)}`;
    expect(issueLetter({ ...template, html }, content)).toMatchObject({ html });
  });

  test('optional variables may be missing', () => {
    const html = '{{ data.lead | default: "News" }}{% if data.more %}more{% endif %}';
    expect(issueLetter({ ...template, html }, content)).toMatchObject({ html: 'News' });
  });
});

describe('text of a source', () => {
  const letterOf = (data: object, html: string, subject = 'News') => {
    const letter = issueLetter({ ...template, subject, html }, { ...content, data });
    if (typeof letter === 'string') throw new Error(letter);
    return letter;
  };
  /** What a recipient reads, and what the letter leaves to be filled in for them. */
  const read = (source: string, mode: 'html' | 'plain') =>
    renderLiquid(parseLiquid(source, mode), recipientContext({ email: 'SECRET', first_name: 'Ada' }, mode), mode);

  test.each([
    ['an output', '{{ email }}'],
    ['a tag', '{% raw %}'],
    ['a tag without an end', '{% if x'],
    ['many braces', '{{{{ email }}}}'],
    ['characters that stand for tags', '{{ email }}\ue0000\ue001'],
    ['braces with a noncharacter', '{\ufdd2{ email }}'],
  ])('never becomes Liquid, at any depth and with any filter: %s', (_, title) => {
    const data = { title, nested: [{ title }], half: '{', rest: '{ email }}' };
    const html =
      '<p>{{ first_name }} {{ data.title | raw }} {{ data.nested[0].title }} {{ data.half }}{{ data.rest }}</p>';
    const letter = letterOf(data, html, '{{ data.title }}{{ data.half }}{{ data.rest }}');
    expect(read(letter.html, 'html')).not.toContain('SECRET');
    expect(read(letter.html, 'html')).toContain('Ada');
    expect(read(letter.subject, 'plain')).not.toContain('SECRET');
  });

  test('stays as it is, also in links', () => {
    const link = 'https://acme.example/{{slug}}?q={%20x%}';
    const letter = letterOf(
      { title: 'Use {{ name }} & {% if %}', link },
      '<a href="{{ data.link }}">{{ data.title }}</a>',
      '{{ data.title }}',
    );
    expect(read(letter.html, 'html').replaceAll('&#123;', '{')).toBe(
      `<a href="${link}">Use {{ name }} &amp; {% if %}</a>`,
    );
    expect(read(letter.subject, 'plain')).toBe('Use {{ name }} & {% if %}');
  });

  test.each([
    ['Handlebars', '{{#each items}}{{{ email }}}{{/each}}'],
    ['Mustache', '{{> header}} {{! email }} {{^a}}b{{/a}} {{& email }}'],
    ['Jinja', '{% for x in y -%} {{ x|e }} {%- endfor %} {# email #}'],
    ['AMPscript', '%%[ SET @a = "b" ]%% %%=v(@a)=%%'],
    ['a workflow of continuous integration', `run: echo \${{ secrets.TOKEN }}`],
    ['the documentation of Liquid', '{% raw %}{{ page.title }}{%- endraw -%} or {{ email | default: "x" }}'],
    ['the way to write a brace in Liquid', '{{ "{" }}{ email }} and {{ "{{" }}'],
    ['the way to write a brace in HTML', '&#123;&#123; email &#125;&#125; &lcub;% x %}'],
    ['MediaWiki', '{{cite web|url=https://a.example/|title={{lang|de|Über}}}}'],
    ['LaTeX', String.raw`\frac{{a}}{{b}} and $x_{{i}}$`],
    ['JSON in JSON', '{"a":{"b":{"c":"{{ email }}"}}}'],
    ['CSS', '@media print{.a{{color:red}}}'],
    ['emoji', '{🎉{{ email }}🎉}{%🎉%}'],
    ['signs of replacements', "$& $1 $$ $` $' {{ email }} $<a>"],
  ])('reaches the reader as it is, in subject, body and text part: %s', async (_, title) => {
    const letter = letterOf({ title }, '<p>[{{ data.title }}] {{ first_name }}</p>', '{{ data.title }}');
    const rendered = await renderLetter(
      aJob({ subject: letter.subject, body: { format: 'html', source: letter.html } }),
    );
    const parts = parseParts({ ...rendered, subject: letter.subject, preheader: null });
    const filled = fillParts(
      parts,
      { email: 'SECRET', first_name: 'Ada', unsubscribe_url: 'https://u.example/' },
      false,
    );
    if ('fault' in filled) throw new Error(filled.fault);
    expect(filled.subject).toBe(title);
    expect(filled.text).toContain(`[${title}] Ada`);
    expect(filled.html).toContain('] Ada');
    expect(filled.html).not.toContain('SECRET');
  });

  test('a title that is too long for a subject is not cut within what keeps its braces text', () => {
    const { subject } = letterOf({ title: '{{'.repeat(600) }, '<p>x</p>', '{{ data.title }}');
    expect(subject.length).toBeLessThanOrEqual(998);
    expect(read(subject, 'plain')).toMatch(/^\{{90,}$/);
  });
});

test('the author’s raw blocks and comments stay what they are', () => {
  const html = '<p>{% raw %}{{ email }}{% endraw %}{% comment %}{{ data.gone }}{% endcomment %}{{ first_name }}</p>';
  expect(issueLetter({ ...template, html }, content)).toMatchObject({
    html: '<p>&#123;{ email }}{{ first_name }}</p>',
  });
});

test('a template is checked before there is content', () => {
  expect(templateFault('{% if items %}', 'html')).toContain('not closed');
  expect(templateFault(template.html, 'html')).toBeUndefined();
});
