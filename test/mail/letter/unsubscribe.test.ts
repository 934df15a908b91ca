import { describe, expect, test } from 'vitest';
import { offersUnsubscribe } from '../../../mail/letter/unsubscribe.js';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob } from '../../support/mail/rendering.js';

const LINK = '<a href="{{ unsubscribe_url }}">leave</a>';

describe('the link is there for every recipient', () => {
  test.each([
    LINK,
    '<p><a class="x" href=\'{{- unsubscribe_url -}}\'><img alt="leave" src="https://x.test/a.png"></a></p>',
    `{% if vip %}${LINK}{% else %}${LINK}{% endif %}`,
    `{% case plan %}{% when "a" %}${LINK}{% when "b" %}${LINK}{% else %}${LINK}{% endcase %}`,
    `{% if unsubscribe_url %}${LINK}{% endif %}`,
    `{% if unsubscribe_url != blank %}${LINK}{% endif %}`,
    `{% if a %}{% unless b %}${LINK}{% else %}${LINK}{% endunless %}{% else %}${LINK}{% endif %}`,
    `{% assign u = unsubscribe_url %}<a href="{{ u }}">leave</a>`,
    '<a href="{% echo unsubscribe_url %}">leave</a>',
    '<a href="{{ unsubscribe_url }}?source=footer">leave</a>',
    '<map><area alt="leave" href="{{ unsubscribe_url }}"></map>',
  ])('%s', (html) => expect(offersUnsubscribe(html, 'html')).toBe(true));
});

describe('the link is not there for every recipient', () => {
  test.each([
    '<p>x</p>',
    `{% if vip %}${LINK}{% endif %}`,
    `{% unless vip %}${LINK}{% endunless %}`,
    `{% if vip %}${LINK}{% else %}x{% endif %}`,
    `{% if vip %}x{% else %}${LINK}{% endif %}`,
    `{% if vip %}${LINK}{% elsif gold %}${LINK}{% endif %}`,
    `{% case plan %}{% when "a" %}${LINK}{% endcase %}`,
    `{% for t in tags %}${LINK}{% endfor %}`,
    `{% capture x %}${LINK}{% endcapture %}`,
    `{% comment %}${LINK}{% endcomment %}`,
    `{% raw %}${LINK}{% endraw %}`,
    `<!-- ${LINK} -->`,
    `<!--[if mso]>${LINK}<![endif]-->`,
    `<div style="display:none">${LINK}</div>`,
    '<a href="{{ unsubscribe_url }}"></a>',
    '<img src="{{ unsubscribe_url }}" alt="">',
    '{{ unsubscribe_url }}',
    '{% if unsubscribe_url %}{% endif %}',
    '{% if vip %}{% assign u = unsubscribe_url %}{% endif %}<a href="{{ u }}">leave</a>',
    '<a href="https://x.test/unsubscribe_url">leave</a>',
    `{% assign unsubscribe_url = "" %}${LINK}`,
    `{% capture unsubscribe_url %}{% endcapture %}${LINK}`,
    '<a href="{{ unsubscribe_url | remove: "http" }}">leave</a>',
    `<div hidden>${LINK}</div>`,
    `<div style="font-size:0">${LINK}</div>`,
    `<div style="max-height:0px;overflow:hidden">${LINK}</div>`,
  ])('%s', (html) => expect(offersUnsubscribe(html, 'html')).toBe(false));

  test('in a text part, where it is printed', () => {
    expect(offersUnsubscribe('Leave: {{ unsubscribe_url }}', 'text')).toBe(true);
    expect(offersUnsubscribe('{% if vip %}{{ unsubscribe_url }}{% endif %}', 'text')).toBe(false);
    expect(offersUnsubscribe('{% if unsubscribe_url %}x{% endif %}', 'text')).toBe(false);
  });
});

test('a recipient who is shown no link of the author gets the footer, in both parts', async () => {
  const source = `<!doctype html><html><head></head><body><p>Hello</p>{% if vip %}${LINK}{% endif %}</body></html>`;
  const { html, text } = await renderLetter(aJob({ template: null, body: { format: 'html', source } }));
  const fields = { vip: false, unsubscribe_url: 'https://mail.test/u/1' };
  const filled = fillParts(parseParts({ subject: 'x', preheader: null, html, text }), fields, false);
  expect(filled).toMatchObject({ html: expect.stringContaining('href="https://mail.test/u/1"') });
  expect(filled).toMatchObject({ text: expect.stringContaining('https://mail.test/u/1') });
});

test('a link of a size inside an element without a size is seen, one without a size is not', () => {
  const link = (style: string) =>
    `<td style="font-size:0px"><div style="${style}"><a href="{{ unsubscribe_url }}">Leave</a></div></td>`;
  expect(offersUnsubscribe(link('font-size:13px'), 'html')).toBe(true);
  expect(offersUnsubscribe(link('font:13px/1.5 Arial'), 'html')).toBe(true);
  expect(offersUnsubscribe(link('font-size:1em'), 'html')).toBe(false);
  expect(offersUnsubscribe(link('color:red'), 'html')).toBe(false);
});
