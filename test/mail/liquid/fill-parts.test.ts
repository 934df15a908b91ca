import { describe, expect, test } from 'vitest';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';

const parts = (html: string, over: Partial<Record<'subject' | 'text', string>> = {}) =>
  parseParts({ subject: 'Hi', preheader: null, html, text: '', ...over });
const filled = (html: string, context: object = {}) => {
  const result = fillParts(parts(html), context);
  if ('fault' in result) throw new Error(result.fault);
  return result;
};

test('values are escaped in HTML and unchanged elsewhere', () => {
  const source = '{{ name }}';
  const both = fillParts(parts(source, { subject: source, text: source }), { name: 'A & <b>' });
  expect(both).toMatchObject({ subject: 'A & <b>', html: 'A &amp; &lt;b&gt;', text: 'A & <b>', missing: [] });
});

test.each([
  ['Hello {{ name }}', ['name']],
  ['{{ order.id }}{{ order.total }}', ['order.id', 'order.total']],
  ['{{ a.b.c }} and {{ name }} and {{ name }}', ['a.b.c', 'name']],
  ['{% for line in order.lines %}{{ line.price }}{% endfor %}', ['order.lines']],
  ['{% for n in (1..3) %}{{ n }}{{ price }}{% endfor %}', ['price']],
  ['{{ name | upcase }}', ['name']],
  ['{% if coupon %}{{ coupon }}{% endif %}{% unless vip %}x{% endunless %}', []],
  ['{{ name | default: "you" }}', []],
])('%s reports its missing variables: %j', (source, missing) => {
  expect(filled(source, { order: {}, a: {} }).missing).toEqual(missing);
});

test('missing variables are empty, the rest is rendered', () => {
  expect(filled('<p>{{ name }}, {{ city }}!</p>', { city: 'Porto' }).html).toBe('<p>, Porto!</p>');
});

test('null and false are values', () => {
  expect(filled('{{ a }}{{ b }}', { a: null, b: false })).toMatchObject({ html: 'false', missing: [] });
});

describe('a template beyond a limit', () => {
  test.each([
    ['a loop without end', '{% for i in (1..1000000000) %}{{ i }}{% endfor %}'],
    ['loops within loops', '{% for i in (1..9999) %}{% for j in (1..9999) %}{{ j }}{% endfor %}{% endfor %}'],
  ])('%s is a sentence, not an exception', (_, source) => {
    const fault = expect.stringContaining('a limit was reached while it was rendered');
    expect(fillParts(parts(source), {})).toEqual({ code: 'template_too_complex', fault });
  });

  test('cannot read anything outside its context', () => {
    expect(filled('{{ name.constructor.name }}|{{ __proto__ }}', { name: 'x' }).html).toBe('|');
  });
});
