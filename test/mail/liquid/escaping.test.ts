import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { personalParts } from '../../../mail/letter/personal-parts.js';
import { elementsIn, treeOf } from '../../../mail/lint/tree.js';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aMail, aRecipient } from '../../support/mail/letters.js';
import { aJob } from '../../support/mail/rendering.js';

const NAME = `<b onclick="x">'Ada'</b> & "Bo"`;
const PERSON = {
  first_name: NAME,
  last_name: NAME,
  attributes: { city: NAME },
  tags: [NAME, '<i>'],
};

async function htmlOf(html: string, person: object = PERSON): Promise<string> {
  const mail = aMail(person, { html: `<div>${html}</div>` });
  return (await PostalMime.parse(Buffer.concat(mail.chunks))).html ?? '';
}

/** Tags and attributes that come from data. The letters below have none of their own. */
function injectedMarkup(html: string): readonly string[] {
  const [, inside = ''] = /<div>([\s\S]*)<\/div>/.exec(html) ?? [];
  return inside.match(/<\/?(?:b|i)\b|onclick="/gi) ?? [];
}

describe.each([
  'first_name',
  'attributes.city',
  'city',
  'tags',
  'first_name | escape',
  'first_name | escape_once',
  'first_name | xml_escape',
  'first_name | newline_to_br',
  'first_name | raw',
  'attributes.city | raw',
  'first_name | upcase',
  'first_name | strip | downcase',
  'first_name | append: last_name | raw',
  'first_name | prepend: "<p>" | raw',
  'first_name | json | raw',
  'tags | join: ", " | raw',
  'tags | first | raw',
  'nothing | default: last_name | raw',
  'first_name | url_encode | url_decode | raw',
  'first_name | base64_encode | base64_decode | raw',
  'first_name | date: "%Y" | raw',
])('markup in recipient data is escaped in the HTML: {{ %s }}', (path) => {
  test('alone, in a block, assigned, echoed and captured', async () => {
    for (const letter of [
      `{{ ${path} }}`,
      `{% if first_name %}{{ ${path} }}{% endif %}`,
      `{% assign x = ${path.replace(' | raw', '')} %}{{ x | raw }}`,
      `{% echo ${path} %}`,
      `{% capture x %}{{ ${path} }}{% endcapture %}{{ x }}{{ x | raw }}`,
      `{% for tag in tags %}{{ tag | raw }}{{ ${path} }}{% endfor %}{% cycle first_name, last_name %}`,
    ]) {
      expect([letter, injectedMarkup(await htmlOf(letter))]).toEqual([letter, []]);
    }
  });
});

test('in an attribute, with or without quotes', async () => {
  const body = (attribute: string) => `<p><img src="https://x.test/a.png" alt=${attribute}></p>`;
  for (const attribute of ['"{{ first_name | raw }}"', "'{{ first_name }}'", '{{ first_name }}']) {
    const { html } = await renderLetter(aJob({ body: { format: 'html', source: body(attribute) } }));
    const image = [...elementsIn(treeOf(await htmlOf(html)))].find(({ attribs }) => attribs['src']?.endsWith('a.png'));
    expect(Object.keys(image?.attribs ?? {}).sort()).toEqual(['alt', 'src', 'style']);
    expect(image?.attribs['alt']).toBe(NAME);
  }
});

test('any value is read back as written', async () => {
  const text = fc.array(fc.constantFrom('<', '>', '"', "'", '&', '&lt;', '<b>', '--' + '>', 'a', ' x=y '), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(text, async (pieces) => {
      const value = pieces.join('');
      const html = await htmlOf('[{{ first_name | raw }}|{{ first_name }}]', { first_name: value });
      const [, raw = '', plain = ''] = /\[([^[\]]*)\|([^|]*)\]/.exec(html) ?? [];
      expect(raw).toBe(plain);
      expect(raw).not.toMatch(/[<>"']/);
      expect(unescaped(raw)).toBe(value);
    }),
    { numRuns: 40 },
  );
});

test('previews show the same as sent mails: the letter’s own markup, and none from recipient data', () => {
  const letter = '{% capture x %}<i>{{ first_name }}</i>{% endcapture %}{{ x | raw }}{{ first_name | raw }}';
  const parts = { subject: 's', preheader: null, html: letter, text: 't' };
  const escaped = '&lt;b onclick=&#34;x&#34;&gt;';
  const filled = fillParts(parseParts(parts), PERSON, false);
  const recipient = aRecipient({ first_name: NAME });
  const preview = personalParts(parts, { recipient, publicUrl: 'https://mail.test', token: 'preview' });
  for (const shown of [filled, preview].map((one) => ('fault' in one ? one.fault : one.html))) {
    expect(shown).toContain(`<i>${escaped}`);
    expect(shown).not.toMatch(/<b\b/);
  }
});

test('HTML from the caller of a message is printed by raw', () => {
  const filled = fillParts(parseParts({ subject: '', preheader: null, html: '{{ note | raw }}', text: '' }), {
    note: '<b>x</b>',
  });
  expect(filled).toMatchObject({ html: '<b>x</b>' });
});

function unescaped(html: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', '#34': '"', '#39': "'", amp: '&' };
  return html.replace(/&(#?\w+);/g, (_, name: string) => entities[name] ?? '?');
}
