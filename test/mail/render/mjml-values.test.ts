import { describe, expect, test } from 'vitest';
import { parseLiquid, recipientContext, renderLiquid } from '../../../mail/liquid/engine.js';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob, column, mjmlTemplate } from '../../support/mail/rendering.js';

async function rendered(mjml: string, head = '') {
  const source = `<mjml><mj-head>${head}</mj-head><mj-body>${mjml}</mj-body></mjml>`;
  const { html, findings } = await renderLetter(aJob({ template: { format: 'mjml', source }, body: null }));
  return {
    findings: findings.filter(({ code }) => code.startsWith('mjml')).map(({ code, where }) => `${code} ${where}`),
    for: (fields: object) => renderLiquid(parseLiquid(html, 'html'), recipientContext(fields, 'html'), 'html'),
  };
}
const button = (attributes: string) => column(`<mj-button href="https://x.example/" ${attributes}>Go</mj-button>`);
const image = (attributes: string) => column(`<mj-image src="https://x.example/i.png" alt="" ${attributes} />`);
const text = (attributes: string) => column(`<mj-text ${attributes}>Go</mj-text>`);

/** MJML, a good value, what it prints, a bad value, what is printed instead. */
const VALUES = [
  [
    button('background-color="{{ v }}"'),
    '#abcdef',
    'bgcolor="#abcdef"',
    'red;background:url(https://evil.example)',
    'bgcolor="#414141"',
  ],
  [button('color="{{ v | default: "#111111" }}"'), 'teal', 'color:teal', 'url(x)', 'color:#ffffff'],
  [
    button('background-color="{% if v == "vip" %}#ffd700{% else %}#c0c0c0{% endif %}"'),
    'vip',
    'background:#ffd700',
    'x',
    'background:#c0c0c0',
  ],
  [button('align="{{ v }}"'), 'right', 'align="right"', '" onmouseover="x', 'align="center"'],
  [button('font-size="{{ v }}"'), '19px', 'font-size:19px', '19px;position:fixed', 'font-size:13px'],
  [button('font-size="{{ v }}px"'), '19', 'font-size:19px', '19px', 'font-size:13px'],
  [button('padding="{{ v }}"'), '3px 4px', 'padding:3px 4px', 'calc(1px)', 'padding:10px 25px'],
  [button('inner-padding="{{ v }}"'), '3px 4px', 'padding:3px 4px', 'x', 'padding:10px 25px'],
  [button('width="{{ v }}"'), '222px', 'width:222px', '222px"><script>', 'width:;'],
  [button('border-radius="{{ v }}"'), '9px', 'border-radius:9px', '}', 'border-radius:3px'],
  [button('border="1px solid {{ v }}"'), '#123456', 'border:1px solid #123456', 'red;x:y', 'border:1px solid;'],
  [button('font-family="{{ v }}"'), 'Georgia, serif', 'font-family:Georgia, serif', "a';b:c", 'font-family:Ubuntu'],
  [button('line-height="{{ v }}"'), '150%', 'line-height:150%', '1</style>', 'line-height:120%'],
  [button('text-transform="{{ v }}"'), 'uppercase', 'text-transform:uppercase', 'x{', 'text-transform:none'],
  [text('color="{{ v }}"'), 'rgb(1, 2, 3)', 'color:rgb(1, 2, 3)', 'rgb(1', 'color:#000000'],
  [text('padding-left="{{ v }}"'), '7px', 'padding-left:7px', '-x', 'padding-left:;'],
  [text('container-background-color="{{ v }}"'), '#010203', 'background:#010203', '{{', 'background:;'],
  [image('width="{{ v }}"'), '123px', 'width="123px"', 'x', 'width=""'],
  [image('padding="{{ v }}"'), '1px', 'padding:1px', '1px}', 'padding:10px 25px'],
  [image('border-radius="{{ v }}"'), '1px', 'border-radius:1px', '\\', 'border-radius:;'],
  [
    `<mj-section background-color="{{ v }}" padding="{{ p | default: '1px' }}"><mj-column><mj-text>x</mj-text></mj-column></mj-section>`,
    '#abc',
    'background:#abc',
    'expression(x)',
    'background:;',
  ],
  [
    `<mj-section><mj-column background-color="{{ v }}" padding="{{ v }}"><mj-text>x</mj-text></mj-column></mj-section>`,
    '#abc',
    'background-color:#abc',
    '@',
    'background-color:;',
  ],
  [
    `<mj-section><mj-column><mj-divider border-color="{{ v }}" border-width="2px" padding="{{ p }}" /></mj-column></mj-section>`,
    '#abc',
    'border-top:solid 2px #abc',
    '"',
    'border-top:solid 2px #000000',
  ],
  [
    `<mj-section><mj-column><mj-spacer height="{{ v }}" /></mj-column></mj-section>`,
    '33px',
    'height:33px',
    'x',
    'height:20px',
  ],
] as const;

describe.each(VALUES)('%s', (mjml, good, shown, bad, instead) => {
  test('takes a personal value, and prints the default for one that is none', async () => {
    const letter = await rendered(mjml);
    expect(letter.findings).toEqual([]);
    expect(letter.for({ v: good })).toContain(shown);
    for (const fields of [{ v: bad }, {}]) {
      const html = letter.for(fields);
      if (bad !== 'x' || 'v' in fields) expect(html).toContain(instead);
      expect(html).not.toMatch(/NaN|evil|onmouseover|<script>|position:fixed|\uE000/);
    }
  });
});

test('values of the whole template are checked as those of one element', async () => {
  const head =
    '<mj-attributes><mj-all font-family="{{ f }}" /><mj-text color="{{ v }}" /><mj-class name="big" font-size="{{ s }}" /></mj-attributes>';
  const letter = await rendered(text('mj-class="big"'), head);
  expect(letter.findings).toEqual([]);
  expect(letter.for({ f: 'Georgia', v: '#123', s: '40px' })).toMatch(
    /font-family:Georgia;font-size:40px;[^"]*color:#123/,
  );
  expect(letter.for({ f: '}', v: ';', s: '"' })).not.toMatch(/font-family:\}|color:;;|font-size:"/);
});

test.each([
  '<mj-section><mj-column width="{{ v }}"><mj-text>x</mj-text></mj-column><mj-column><mj-text>y</mj-text></mj-column></mj-section>',
  '<mj-section full-width="{{ v }}"><mj-column><mj-text>x</mj-text></mj-column></mj-section>',
  '<mj-hero height="{{ v }}" mode="fixed-height"><mj-text>x</mj-text></mj-hero>',
])('what MJML decides before the recipient is known is reported: %s', async (mjml) => {
  const letter = await rendered(mjml);
  expect(letter.findings.map((found) => found.split(' ')[0])).toEqual(['mjml_value_fixed']);
  expect(letter.for({ v: '10px' })).not.toMatch(/NaN|\uE000/);
});

test('a wrong value that is not personal is still reported', async () => {
  expect((await rendered(button('color="nope()"'))).findings[0]).toMatch(/mjml_invalid.*color/);
});

test('names of classes, addresses and texts take any value', async () => {
  const letter = await rendered(button('css-class="{{ v }}" title="{{ v }}"'));
  expect(letter.for({ v: 'a "b"' })).toContain('title="a &#34;b&#34;"');
});

test('sheets that MJML would inline keep what cannot be inlined, and comments for Outlook stay', async () => {
  const head =
    '<mj-style inline="inline">.red div{letter-spacing:1px} [data-ogsc] .red{color:#0f0} @supports (top:0){.red{top:0}}</mj-style>';
  const letter = await rendered(`<!--[if mso]><p>o</p><![endif]-->${text('css-class="red"')}`, head);
  const html = letter.for({});
  expect(html).toMatch(/<div style="[^"]*letter-spacing: ?1px/);
  expect(html.replace(/\s/g, '')).toContain('[data-ogsc].red{color:#0f0}');
  expect(html.replace(/\s/g, '')).toContain('@supports(top:0){.red{top:0}}');
  expect(html).toContain('<!--[if mso]><p>o</p>');
});

test('a template of MJML is accepted with a personal colour', async () => {
  const job = aJob({ template: mjmlTemplate(button('background-color="{{ colour }}"')), body: null });
  expect((await renderLetter(job)).findings.map(({ code }) => code)).not.toContain('mjml_invalid');
});
