import { describe, expect, test } from 'vitest';
import { withoutLiquid } from '../../../domain/newsletter/source.js';
import { issueLetter, templateFault } from '../../../mail/letter/issue.js';

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

test('text of a source never becomes Liquid, at any depth and with any filter', () => {
  const evil = { title: '{{ email }}{% raw %}', nested: [{ title: '{{{{ email }}\ue0000\ue001' }] };
  const data = withoutLiquid(evil);
  const html = '<p>{{ first_name }} {{ data.title | raw }} {{ data.nested[0].title }}</p>';
  const letter = issueLetter({ ...template, html }, { ...content, data });
  expect(typeof letter).toBe('object');
  const filled = typeof letter === 'string' ? letter : letter.html;
  expect([filled.match(/\{[{%]/g), filled.includes('\ue000')]).toEqual([['{{'], false]);
});

test('a template is checked before there is content', () => {
  expect(templateFault('{% if items %}', 'html')).toContain('not closed');
  expect(templateFault(template.html, 'html')).toBeUndefined();
});
