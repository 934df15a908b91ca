import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { declarationsOf, resolved, statementsOf } from '../../../mail/css/reader.js';
import { activeCss, harmlessCss } from '../../../mail/css/safety.js';
import { isCssValue } from '../../../mail/css/values.js';

const sources = (css: string) => statementsOf(css).map(({ source }) => source);

test.each([
  ['a{b:c} d{e:f}', ['a{b:c}', 'd{e:f}']],
  ['@import url(https://x.example/a;b); a{b:c}', ['@import url(https://x.example/a;b);', 'a{b:c}']],
  ['@media (x){a{b:c} @media (y){d{e:f}}} g{h:i}', ['@media (x){a{b:c} @media (y){d{e:f}}}', 'g{h:i}']],
  ['a{b:"}"} c{d:\'{\'}', ['a{b:"}"}', "c{d:'{'}"]],
  ['a\\{b{c:d} e{f:g}', ['a\\{b{c:d}', 'e{f:g}']],
  ['a{b:url(x;{}y)} c{d:e}', ['a{b:url(x;{}y)}', 'c{d:e}']],
  ['/* a{b:c} */ d{e:/* } */f}', ['d{e:/* } */f}']],
  ['<!-- a{b:c} -->', ['a{b:c}']],
  ['a{b:c', ['a{b:c']],
  ['a{b:"c\n} d{e:f}', ['a{b:"c\n}', 'd{e:f}']],
  ['a', []],
  ['', []],
])('the statements of %j', (css, expected) => {
  expect(sources(css)).toEqual(expected);
});

test('selectors, declarations and names are read as clients read them', () => {
  const [rule] = statementsOf('a, b:not(c, d), [e="f,g"] { COLOR : red ; back\\67round:url(x;y);; }');
  expect(rule).toMatchObject({ selectors: ['a', 'b:not(c, d)', '[e="f,g"]'] });
  const declarations = declarationsOf(rule?.kind === 'rule' ? rule.block : '');
  expect(declarations.map(({ name, value }) => [name, value])).toEqual([
    ['color', 'red'],
    ['background', 'url(x;y)'],
  ]);
  expect(statementsOf('@\\6d edia x{}')[0]).toMatchObject({ name: 'media' });
  expect(resolved('e/**/xpr\\65 ssion')).toBe('expression');
});

describe('active CSS', () => {
  test.each([
    ['width:expression(x)', 'expression'],
    ['width:exp\\72 ession(x)', 'expression'],
    ['width:exp\uE000123\uE001ression(x)', 'expression'],
    ['@imp/**/ort "x"', '@import'],
    ['background:url(data:text/html,x)', 'url'],
    ['background:url( "javascript:x")', 'url'],
    ['-ms-behavior:url(x)', 'behavior'],
    ['-moz-binding:url(x)', '-moz-binding'],
    ['background:image-set("ftp://x" 1x)', 'image-set'],
  ])('is found in %j', (css, name) => {
    expect(activeCss(css)).toBe(name);
  });

  test.each([
    'background:url(data:image/png;base64,xx)',
    'background:url(https://x.example/a)',
    'scroll-behaviour:x',
    'color:red',
  ])('is not found in %j', (css) => expect(activeCss(css)).toBeUndefined());

  test('goes alone, and what hides it goes with its rule', () => {
    const removed: string[] = [];
    const css = harmlessCss('a{top:0} @\\69mport "x"; b{left:0;width:expression(x)} c{left:1}', (what) =>
      removed.push(what),
    );
    expect(css.replace(/\s+/g, ' ')).toBe('a{top:0} b{left:0;} c{left:1}');
    expect(removed.join()).toMatch(/import|expression/);
  });
});

test.each([
  [
    'color',
    ['#abc', '#aabbccdd', 'rgb(1, 2, 3)', 'hsl(120deg 10% 10%)', 'teal'],
    ['#ab', 'rgb(1', 'red;', 'url(x)', 'red blue', 'expression(x)'],
  ],
  ['length 2', ['0', '1px', '1.5em 2%', 'auto'], ['1', '1px 2px 3px', '1px;', 'calc(1px)', '1px/2']],
  ['integer', ['7'], ['7px', '-1', '']],
  ['one-of left right', ['left'], ['center', 'left right']],
  [
    'token',
    ['Georgia, serif', '1px solid #abc', '150%'],
    ['a;b', 'a}', 'a"b"', 'a!important', '</style>', 'url(x)', '@x', 'x'.repeat(300)],
  ],
])('values of the kind %s', (kind, good, bad) => {
  expect(good.filter((value) => !isCssValue(kind, value))).toEqual([]);
  expect(bad.filter((value) => isCssValue(kind, value))).toEqual([]);
});

test('no value of any kind ends its declaration or its attribute', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('color', 'length 4', 'integer', 'one-of a b', 'token'),
      (value, kind) => {
        if (isCssValue(kind, value)) expect(value).not.toMatch(/[;{}<>"'\\\n]|\/\*|url\(/);
      },
    ),
  );
});

test('sheets grown to 200 kB are read in one pass', { timeout: 10_000 }, () => {
  for (const kind of [
    'a{',
    '{',
    '}',
    '@media x{',
    '(',
    'a,',
    '/*',
    '"',
    '\\',
    'url(',
    'a{b:c}',
    '@',
    '[',
    'u',
    '<!--',
    "a{b:'",
  ]) {
    const css = kind.repeat(200_000 / kind.length);
    expect(statementsOf(css)).toBeDefined();
    expect(declarationsOf(css)).toBeDefined();
    expect(harmlessCss(css, () => {})).toBeDefined();
  }
});
