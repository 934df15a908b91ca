import { afterAll, describe, expect, test } from 'vitest';
import { openTextTasks, TASK_LIMITS } from '../../../mail/tasks/text-tasks.js';

/** Enough time for a busy machine: the limits that count here are those of the work. */
const tasks = openTextTasks({ ...TASK_LIMITS, time: 60_000 });
afterAll(() => tasks.close());

const long = (begin: string, one: string, end = '', size = 200_000) =>
  begin + one.repeat(Math.floor(size / one.length)) + end;

describe('a hostile source is refused with a sentence', () => {
  test.each([
    ['a path of many names', long('{% assign a = ', 'a.', 'a %}')],
    ['a path of many brackets', long('{{ a', '["b"]', ' }}')],
    ['brackets in brackets', `{{ ${'a['.repeat(300)}0${']'.repeat(300)} }}`],
    ['many operators', long('{% if a', ' and b', ' %}x{% endif %}')],
    ['many candidates', long('{% case a %}{% when 1', ', 1', ' %}x{% endcase %}')],
    ['many values of a cycle', long('{% cycle 1', ', "a"', ' %}')],
    ['many filters', long('{{ a', ' | strip', ' }}')],
    ['many arguments', long('{{ a | replace: "b"', ', "c"', ' }}')],
    ['many branches', long('{% if a %}', '{% elsif b %}', '{% endif %}')],
    ['blocks in blocks', '{% unless a %}'.repeat(40) + '{% endunless %}'.repeat(40)],
    ['captures in captures', '{% capture a %}'.repeat(40) + '{% endcapture %}'.repeat(40)],
    ['comments in comments', long('', '{% comment %}', '{% endcomment %}')],
    ['one list of many tags', long('{% liquid\n', 'echo a\n', '%}')],
    ['openings without an end', long('', '{{ ')],
    ['tags without an end', long('', '{% if ')],
    ['raw without an end', long('{% raw %}', '{{ a }}', '', 20_000)],
    ['quotes without an end', long('{{ "', "'", ' }}', 3_900)],
    ['a string as long as a letter', long('{{ "', 'x', '" }}')],
    ['many ranges', long('{% for i in (', '(1..2)..', '3) %}{% endfor %}')],
    ['a number of many digits', long('{{ ', '9', ' }}')],
    ['many blanks', long('{{ a', '\n\t ', ' }}')],
    ['many distinct names', Array.from({ length: 60_000 }, (_, i) => `{{ v${i} }}`).join('')],
  ])('%s', async (_, html) => {
    const { html: faults } = await tasks.check(1, { html });
    expect(faults).toEqual([expect.stringMatching(/too complex|not closed|invalid|unexpected|expected|not found/)]);
  });
});

describe('an unlucky source is accepted, or refused with the line of its fault', () => {
  test.each([
    ['Klaviyo: filters of Django', "{{ first_name|default:'there' }}", undefined],
    ['Klaviyo: a tag of Django', 'x\n{% web_view %}', 'tag "web_view" not found, line:2'],
    ['Klaviyo: a lookup', "{{ person|lookup:'Name' }}", 'undefined filter: lookup'],
    ['Braze: fields in braces', `{{\${first_name} | default: 'you'}}`, 'line:1'],
    ['Braze: an abort', '{% abort_message("x") %}', 'tag "abort_message" not found'],
    [
      'Braze: connected content',
      '{% connected_content https://x.test/ :save r %}',
      'tag "connected_content" not found',
    ],
    ['Shopify: money', '{{ order.total_price | money }}', 'undefined filter: money'],
    ['Shopify: a section', '{% section "header" %}', 'tag "section" not found'],
    ['Shopify: a render', '{% render "footer" %}', 'tag "render" not found'],
    ['Shopify: whitespace control', '{%- if a -%} x {%- endif -%}', undefined],
    ['Shopify: a table row', '{% tablerow p in list cols:2 %}{{ p }}{% endtablerow %}', undefined],
    ['Mailchimp: merge tags', 'Dear *|FNAME|*, *|IF:VIP|*x*|END:IF|*', undefined],
    ['Handlebars: a block', '{{#if vip}}x{{/if}}', 'line:1'],
    ['Handlebars: three braces', '{{{ body }}}', 'line:1'],
    ['HubSpot: a module', '{% module "x" %}', 'tag "module" not found'],
    ['Iterable: a helper', '{{defaultIfEmpty firstName "you"}}', undefined],
    ['CSS beside braces', '<style>@media screen{.a{color:red}}</style>', undefined],
    ['a script of JSON-LD', '<script type="application/ld+json">{"a":{"b":1}}</script>', undefined],
    ['a forgotten end', '<p>a\n<p>{% if vip %}b', 'tag {% if vip %} not closed, line:2'],
    ['an end too many', 'a{% endif %}', 'tag "endif" not found'],
    ['typographic quotes', '{{ name | default: “you” }}', 'unexpected character'],
    ['an empty output', '{{ }}', 'line:1'],
    ['names in other scripts', '{{ größe }} {{ 名前 | default: "x" }}', undefined],
    ['a code example', '{% raw %}{{ first_name }}{% endraw %}', undefined],
  ])('%s', async (_, html, fault) => {
    const { html: faults } = await tasks.check(1, { html });
    if (fault === undefined) expect(faults).toBeUndefined();
    else expect(faults).toEqual([expect.stringContaining(fault)]);
  });
});

test('work beyond the limits of the event loop has the same result in a thread', async () => {
  const html = '{% if a %}x{% endif %}{{ b }}'.repeat(200);
  expect(await tasks.check(1, { html })).toEqual({});
  expect(await tasks.sample(1, [html])).toEqual({ a: 'a', b: 'b' });
  const parts = { subject: 's', preheader: null, html: '{% for i in (1..3000) %}{{ a }}{% endfor %}', text: 't' };
  expect(await tasks.message(1, { parts, context: { a: 'x' } })).toMatchObject({ html: 'x'.repeat(3_000) });
  const letter = { ...parts, html: `${html}{{ first_name }}` };
  const recipient = { id: 1, email: 'a@x.test', first_name: 'Ada', last_name: null, attributes: {}, tags: [] };
  const fields = { recipient, publicUrl: 'https://mail.test', token: 't' };
  expect(await tasks.personal(1, { letter, fields })).toMatchObject({ html: 'Ada' });
});

test('work beyond the limits of a thread is a sentence', async () => {
  const html = '{% for i in (1..1000) %}{% for j in (1..1000) %}{{ j }}{% endfor %}{% endfor %}';
  const parts = { subject: 's', preheader: null, html, text: 't' };
  expect(await tasks.message(1, { parts, context: {} })).toMatchObject({ code: 'template_too_complex' });
});

test('dates cost what they are long', async () => {
  const html = `{{ "2026-01-01" | date: "${'%A %B '.repeat(200)}" }}`.repeat(20);
  const parts = { subject: 's', preheader: null, html, text: 't' };
  expect(await tasks.message(1, { parts, context: {} })).toMatchObject({ code: 'template_too_complex' });
});
