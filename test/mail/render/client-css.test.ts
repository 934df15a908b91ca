import { describe, expect, test } from 'vitest';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob, htmlTemplate } from '../../support/mail/rendering.js';

const documentOf = (css: string, body: string) =>
  `<!doctype html><html lang="en"><head><title>x</title><style>${css}</style></head><body class="body">${body}</body></html>`;

async function rendered(source: string, over: object = {}) {
  const { html, text, findings } = await renderLetter(
    aJob({ template: null, body: { format: 'html', source }, ...over }),
  );
  const sheets = [...html.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)].map(([, css = '']) => css).join('\n');
  return { html, text, sheets, removed: findings.filter(({ code }) => /removed/.test(code)).map(({ where }) => where) };
}
const flat = (css: string) => css.replace(/\s+/g, '');

/** Rules that clients read, or that cannot be inlined. */
const KEPT = [
  '[data-ogsc] .bg {color:red}',
  '[data-ogsb] .bg, [data-ogac] .bg {background:#000 !important}',
  '.ExternalClass {width:100%}',
  '.ExternalClass p, .ExternalClass span {line-height:100%}',
  '.ReadMsgBody {width:100%}',
  'a[x-apple-data-detectors] {color:inherit !important}',
  '#outlook a {padding:0}',
  'u + .body .bg {color:blue}',
  'u ~ div .bg {display:block !important}',
  '#MessageViewBody a {color:inherit}',
  '.moz-text-html .bg {width:50%}',
  'body[data-outlook-cycle] .bg {width:50%}',
  '* [office365] button {margin:0}',
  '_:-ms-fullscreen, .bg {color:red}',
  '.& .bg {color:red}',
  'p:before {content:"x"}',
  'p::after {content:"{ } ; \\2014  x"}',
  'a:hover {color:red}',
  'a:focus-within {color:red}',
  '#toggle:checked + .bg {display:block}',
  ':root {color-scheme:light dark}',
  '@supports (display:grid) {.bg {display:grid}}',
  '@supports (display:grid) {@media (min-width:1px) {.bg {top:0}}}',
  '@media (max-width:600px) {.bg {width:100%} @media (min-width:1px) {.bg {top:0}}}',
  '@media only screen and (-webkit-min-device-pixel-ratio:0) {.bg {color:red}}',
  '@media (prefers-color-scheme:dark) {.bg {color:#fff !important}}',
  '@font-face {font-family:X; src:url(https://x.example/f.woff2) format("woff2")}',
  '@keyframes k {from {top:0} to {top:1px}}',
  '@layer a {.bg {color:red}}',
  '@-ms-viewport {width:device-width}',
  'div[style*="margin: 16px 0"] {margin:0 !important}',
  '#MessageWebViewDiv {width:100%}',
  'input:checked ~ .bg, input:checked + label .bg {max-height:none}',
  '@media yahoo {.bg {color:red}}',
  '@media all and (min-width:0\\0) {.bg {color:red}}',
  '@container (min-width:1px) {.bg {color:red}}',
  '.bg:has(> img) {padding:0}',
  '.sm\\:w-full:where(.x) {width:100%}',
  '@page WordSection1 {size:8.5in 11in; mso-page-orientation:portrait}',
  '@font-face {font-family:X; src:url(https://x.example/f.woff); mso-font-alt:"Arial"}',
  '.later {color:red}',
] as const;

describe.each(KEPT)('%s', (rule) => {
  test('stays in a sheet, whatever stands before and behind it', async () => {
    const { sheets, html, removed } = await rendered(
      documentOf(`.a{color:#111} ${rule} p.bg{color:#222}`, '<p class="bg">x</p>'),
    );
    expect(flat(sheets)).toContain(flat(rule));
    expect(html).toMatch(/<p class="bg" style="color: ?#222;?">/);
    expect(removed).toEqual([]);
  });
});

test('of a list of selectors each is treated as it is', async () => {
  const { html, sheets } = await rendered(
    documentOf('a, a:hover, .ExternalClass a{color:#123}', '<a href="https://x.example/">x</a>'),
  );
  expect(html).toMatch(/<a href="https:\/\/x\.example\/" style="color: ?#123;?">/);
  expect(flat(sheets)).toContain('a:hover,.ExternalClassa{color:#123}');
});

test('classes that only markup for Outlook uses stay, and those of both are inlined too', async () => {
  const body =
    '<!--[if mso]><table class="ghost shared"><tr><td><![endif]--><p class="shared">x</p><!--[if mso]></td></tr></table><![endif]-->';
  const { html, sheets } = await rendered(documentOf('.ghost{width:600px} .shared{color:#123}', body));
  expect(flat(sheets)).toContain('.ghost{width:600px}.shared{color:#123}');
  expect(html).toMatch(/<p class="shared" style="color: ?#123;?">/);
  expect(html).toContain('<!--[if mso]><table class="ghost shared"><tr><td><![endif]-->');
});

test('client rules have a sheet of their own', async () => {
  const { html } = await rendered(
    documentOf('@media print{p{color:red}} @supports (top:0){p{top:0}} .ExternalClass{top:0}', '<p>x</p>'),
  );
  expect(html.match(/<style/g)).toHaveLength(3);
});

test('a sheet for other media is not inlined', async () => {
  const source = documentOf('', '<p>x</p>').replace('<style>', '<style media="print">p{color:red}</style><style>');
  const { html } = await rendered(source);
  expect(html).toMatch(/<p>x<\/p>/);
  expect(html).toContain('media="print"');
});

test('a large sheet of which the mail uses nothing is left out, and the findings name its rules', async () => {
  const unused = Array.from({ length: 900 }, (_, i) => `.utility-${i}{margin:${i}px}`).join('\n');
  const { sheets, removed, html } = await rendered(
    documentOf(`${unused} .ExternalClass{width:100%} p{color:#123}`, '<p>x</p>'),
  );
  expect(sheets.length).toBeLessThan(10_000);
  expect(flat(sheets)).toContain('.ExternalClass{width:100%}');
  expect(html).toMatch(/<p style="color: ?#123;?">/);
  const { findings } = await renderLetter(
    aJob({ template: null, body: { format: 'html', source: documentOf(unused, '<p>x</p>') } }),
  );
  expect(findings.map(({ code }) => code)).toContain('css_removed');
  expect(removed).toContain('.utility-899{margin:899px}');
});

describe('conditional comments', () => {
  test.each([
    ['<![if !mso]>', '<![endif]>'],
    ['<!--[if !mso]><!-->', '<!--<![endif]-->'],
    ['<!--[if !mso]><!-- -->', '<!--<![endif]-->'],
    ['<!--[if (gte mso 9)|(IE)]><!-->', '<!--<![endif]-->'],
  ])('%s stays, and what others see is treated as any markup', async (opening, closing) => {
    const body = `${opening}<p class="a" onclick="x()">y</p>${closing}<p>z</p>`;
    const { html, text, removed } = await rendered(documentOf('.a{color:#123}', body));
    expect(html.replace(/style="color: ?#123;?"/, 'S')).toContain(`${opening}<p class="a" S>y</p>${closing}<p>z</p>`);
    expect(text).toMatch(/y\s+z/);
    expect(removed).toEqual(['p onclick']);
  });

  test('hidden ones stay as they are, also in the head of a body inside a template', async () => {
    const mso =
      '<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->';
    const style = '<!--[if mso]><style>td{font-family:Arial !important}</style><![endif]-->';
    const source = `<!doctype html><html lang="en"><head><title>x</title>${mso}${style}</head><body><p>x</p><!--[if mso]><p>o</p><![endif]--></body></html>`;
    expect((await rendered(source)).html).toContain(mso + style);
    const nested = await rendered(source, { template: htmlTemplate('<div class="ep-content">{{ content }}</div>') });
    expect(nested.html).toContain(style);
    expect(nested.html).toContain('<!--[if mso]><p>o</p><![endif]-->');
  });

  test.each([
    ['<!--[if mso]><script>x</script><![endif]-->', 'conditional comment with <script>'],
    ['<!--[if mso]><a href="jav&#x61;script:x">o</a><![endif]-->', 'a href'],
    ['<!--[if mso]>--!><p onclick="x">o</p><![endif]-->', 'conditional comment'],
    ['<p>a</p><!--[if mso]>', 'conditional comment'],
    ['<!--[if !mso]><!--><p>a</p>', '<!--[if !mso]><!-->'],
    ['<p>a</p><!--<![endif]-->', '<!--<![endif]-->'],
  ])('of %s the findings name what was taken out', async (body, what) => {
    const { html, removed } = await rendered(documentOf('', `<p>kept</p>${body}<p>end</p>`));
    expect(removed).toContain(what);
    expect(html).not.toMatch(/script|onclick/);
    expect(html).toContain('kept');
  });

  test('an address with “on…=” in it is no handler', async () => {
    const button = '<!--[if mso]><v:roundrect href="https://x.example/only=1?/one=2"><![endif]-->';
    expect((await rendered(documentOf('', `${button}<p>x</p>`))).html).toContain(button);
  });

  test('texts and attributes that resemble comments are none', async () => {
    const { html } = await rendered(
      documentOf(
        '<!-- p{color:#123} -->',
        '<img src="https://x.example/i.png" alt="<!--[if mso]>"><p>x</p><img src="https://x.example/i.png" alt="<![endif]-->">',
      ),
    );
    expect(html).toMatch(/<p style="color: ?#123;?">x<\/p>/);
  });
});
