import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import { blocksSending, distinct, FINDINGS, finding } from '../../../domain/mail/finding.js';
import { type LintInput, lintLetter } from '../../../mail/lint/lint.js';
import { someBrand } from '../../support/mail/rendering.js';

const OUT = '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>';

function check(body: string, over: Partial<LintInput> = {}) {
  const html = `<!doctype html><html lang="en"><head><title>News</title></head><body>${body}${OUT}</body></html>`;
  return lintLetter({
    brand: someBrand,
    purpose: 'campaign',
    fields: ['city', 'Favourite Colour'],
    subject: 'News',
    html,
    text: 'News',
    ...over,
  });
}
const codes = (body: string, over: Partial<LintInput> = {}) => check(body, over).map(({ code }) => code);

test('a letter with nothing wrong has no findings', () => {
  expect(
    check('<h1>Hi {{ first_name }}</h1><img src="https://x.test/a.png" alt=""><a href="https://x.test/">on</a>'),
  ).toEqual([]);
});

describe.each([
  ['image_without_alt', '<img src="https://x.test/a.png">'],
  ['image_not_https', '<img src="http://x.test/a.png" alt="">'],
  ['image_embedded', '<img src="data:image/png;base64,xx" alt="">'],
  ['layout_table_without_role', '<table><tr><td>x</td></tr></table>'],
  ['heading_skipped', '<h1>a</h1><h3>b</h3>'],
  ['link_without_text', '<a href="https://x.test/"><img src="https://x.test/a.png" alt=""></a>'],
  ['link_not_https', '<a href="http://x.test/">x</a>'],
  ['link_broken', '<a href="/prices">x</a>'],
  ['link_broken', '<a href="#">x</a>'],
  ['link_personal', '<a href="https://x.test/?c={{ city }}">x</a>'],
  ['link_personal', '<a href="{{ city }}">x</a>'],
  ['contrast_light', '<p style="color:#999">x</p>'],
  ['contrast_light', '<table role="presentation" bgcolor="#333333"><tr><td>x</td></tr></table>'],
  ['contrast_dark', '<style>@media (prefers-color-scheme: dark){.a{color:#333 !important}}</style><p class="a">x</p>'],
  ['field_unknown', '<p>{{ town }}</p>'],
  ['field_unknown', '<p>{{ attributes.town | upcase }}</p>'],
  ['field_unknown', '<p>{{ town | default: "there" }}</p>'],
  ['field_unknown', '<p>{{ "x" | append: town }}</p>'],
  ['field_unknown', '{% if town %}<p>x</p>{% endif %}'],
  ['field_unknown', '{% for t in town %}<p>{{ t }}</p>{% endfor %}'],
  ['field_unknown', '{% assign a = town %}<p>{{ a }}</p>'],
  ['field_unknown', '<p>{{ attributes["Home town"] }}</p>'],
  ['image_broken', '<img src="/img/a.png" alt="">'],
  ['image_broken', '<img src="img/{{ city }}.png" alt="">'],
  ['image_broken', '<img src="" alt="">'],
  ['foreign_merge_tag', '<p>Dear *|FNAME|*,</p>'],
  ['foreign_merge_tag', '<p>Dear [[first_name]],</p>'],
  ['foreign_merge_tag', '<p>Dear %recipient.name%,</p>'],
  ['foreign_merge_tag', '<p>Dear %FIRSTNAME%,</p>'],
  ['foreign_merge_tag', '<p>Dear %%first_name%%,</p>'],
  ['foreign_merge_tag', '<p>Dear [firstname,fallback=reader],</p>'],
  ['foreign_merge_tag', '<p>Dear {!Contact.FirstName},</p>'],
  ['foreign_merge_tag', '<p>Dear #{first_name},</p>'],
  ['foreign_merge_tag', '<p>Dear &lt;%= name %&gt;,</p>'],
  ['foreign_merge_tag', '<p>Dear {first_name},</p>'],
  ['foreign_merge_tag', '<a href="https://x.test/?e=*|EMAIL|*">x</a>'],
  ['placeholder_text', '<p>x</p>'],
] as const)('%s', (code, body) => {
  test(body, () => {
    expect(codes(body, { text: code === 'placeholder_text' ? 'Lorem ipsum dolor' : 'News' })).toEqual([code]);
  });
});

test.each([
  ['lang_missing', '<html><head><title>News</title></head>'],
  ['lang_missing', '<html lang=" "><head><title>News</title></head>'],
  ['title_missing', '<html lang="en"><head></head>'],
  ['title_missing', '<html lang="en"><head><title> </title></head>'],
])('%s: %s', (code, head) => {
  expect(codes('', { html: `<!doctype html>${head}<body>${OUT}</body></html>` })).toEqual([code]);
});

test('every code of the check has a test here, in those of rendering or in those of the launch', () => {
  const tested = [
    'lint',
    '../render/render',
    '../render/client-css',
    '../render/mjml-values',
    '../render/personal-values',
    '../../activities/campaign/rendering',
    '../../api/routes/brands/unset-brand',
  ].map((name) => readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8'));
  expect(Object.keys(FINDINGS).filter((code) => !tested.some((text) => text.includes(`'${code}'`)))).toEqual([]);
});

test.each([
  ['a link of Everpost', '<a href="{{ preferences_url }}">x</a>'],
  ['a mailbox', '<a href="mailto:a@x.test">x</a>'],
  ['a picture behind the text', '<div style="background:url(https://x.test/a.png);color:#999">x</div>'],
  ['large text', '<p style="color:#767676;font-size:24px">x</p>'],
  ['a table that lists', '<table><tr><th>a</th></tr><tr><td>x</td></tr></table>'],
  ['a known field with a default', '<p>{{ city | default: "there" }}</p>'],
  ['a known field with a condition', '{% if city %}<p>{{ city }}</p>{% endif %}'],
  ['a variable of the letter itself', '{% assign a = city %}{% for t in tags %}{{ t }}{{ a }}{% endfor %}'],
  ['a field with a name of several words', '<p>{{ attributes["Favourite Colour"] }}</p>'],
  ['percentages, prices, code and brackets', '<p>10% off 20%! $5 #1 [new] [1] {a} a[i] 100%{{ city }} [sic]</p>'],
  ['a personal picture', '<img src="{{ attributes.city }}" alt="">'],
  ['hidden text', '<p style="color:#fff;display:none">x</p>'],
])('%s is no finding', (_, body) => {
  expect(codes(body)).toEqual([]);
});

test('the size that Gmail shows whole', () => {
  const of = (kilobytes: number) => codes(`<p>${'x'.repeat(kilobytes * 1_024)}</p>`);
  expect([of(80), of(95), of(103)]).toEqual([[], ['size_near_limit'], ['size_over_limit']]);
});

test('legal requirements of bulk mail: errors with a brand, advice for a fresh installation', () => {
  const nameless = { ...someBrand, postal_address: null };
  expect(codes('', { brand: nameless })).toEqual(['address_missing']);
  expect(codes('', { brand: { ...DEFAULT_BRAND, name: 'Acme', language: 'pt' } })).toEqual(['address_not_set']);
  expect(codes('', { brand: nameless, purpose: 'message' })).toEqual([]);
  expect(codes('', { html: '<html lang="en"><title>x</title></html>' })).toEqual(['unsubscribe_missing']);
  expect(codes('', { text: '{{ unsubscribe_url }}' })).toEqual(['text_missing']);
});

test('errors block the launch, warnings do not; each finding is listed once', () => {
  const found = distinct([
    finding('image_without_alt', 'a'),
    finding('image_without_alt', ' a '),
    finding('link_broken', '/'),
  ]);
  expect(found.map(({ code, where }) => [code, where])).toEqual([
    ['link_broken', '/'],
    ['image_without_alt', 'a'],
  ]);
  expect([blocksSending(found), blocksSending(found.slice(1))]).toEqual([true, false]);
});
