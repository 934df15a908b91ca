import { expect, test } from 'vitest';
import { redacted } from '../../api/log.js';
import { relaxedField } from '../../mail/dkim/canonical.js';
import { insertAtBodyStart } from '../../mail/letter/document.js';
import { addressesIn } from '../../mail/letter/links/address-grammar.js';
import { newPlaceholders } from '../../mail/liquid/placeholders.js';
import { sanitised } from '../../mail/render/sanitise.js';

const MANY = 400_000;
const clean = (html: string) => sanitised(html, newPlaceholders()).html;

test.each<[string, () => unknown]>([
  ['a line without an address', () => redacted(`${'a'.repeat(MANY)} x`)],
  ['tags of a body that never end', () => insertAtBodyStart('<body '.repeat(MANY), 'x')],
  ['blanks in the name of a header', () => relaxedField(`a${' '.repeat(MANY)}b: c`)],
  ['blanks behind the url of a style', () => clean(`<p style="background:url(${' '.repeat(MANY)}x">y</p>`)],
  ['addresses that end in parentheses', () => addressesIn(`https://x.example/${')'.repeat(3_900)} `.repeat(100))],
  ['properties of a sheet that runs code', () => clean(`<style>a{${'b:'.repeat(MANY)}c}d{e:expression(1)}</style>`)],
])('%s: through in one pass', (_what, read) => {
  expect(read()).toBeDefined();
});

test('of a sheet only what runs code or fetches goes', () => {
  const sheet = 'a{color:red;width:expression(alert(1));top:0} b{background:url( "ftp:x")} c > d{left:0}';
  expect(clean(`<style>${sheet}</style><p>y</p>`)).toBe(
    '<style>a{color:red;top:0} b{background:none} c > d{left:0}</style><p>y</p>',
  );
  expect(clean('<style>a{top:0} javascript:x</style><p>y</p>')).toBe('<style>a{top:0}</style><p>y</p>');
});

test('an address is struck out of a log wherever it stands', () => {
  expect(redacted('to <ann@example.com>:a@b.example, c@d.example')).toBe('to <[address]>:[address], [address]');
});
