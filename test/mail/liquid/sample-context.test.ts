import { expect, test } from 'vitest';
import { sampleContext } from '../../../mail/liquid/sample-context.js';

test.each([
  ['Hello {{ name }}, {{ first_name | default: "you" }}', { first_name: 'first_name' }],
  ['{{ order.id }} {{ order.total }}', { order: { id: 'id', total: 'total' } }],
  ['{% if coupon %}{{ coupon.code }}{% endif %}', { coupon: { code: 'code' } }],
  [
    '{% for line in order.lines %}{{ line.name }} {{ line.price }}{% endfor %}',
    {
      order: { lines: [{ name: 'name', price: 'price' }] },
    },
  ],
  ['{% for tag in tags %}{{ tag }}{% endfor %}', { tags: ['tag'] }],
  ['{% assign total = sum %}{{ total }}', { sum: 'sum' }],
  ['{{ brand.name }} {{ mail.subject }} {{ content }} {{ unsubscribe_url }}', {}],
])('%s needs %j', (source, sample) => {
  expect(sampleContext([source])).toEqual(sample);
});

test('a variable called __proto__ is a field like any other', () => {
  const sample = sampleContext(['{{ __proto__.polluted }}']);
  expect(Object.keys(sample)).toEqual(['__proto__']);
  expect(Object.hasOwn({}, 'polluted') || 'polluted' in {}).toBe(false);
});
