import { HtmlValidate } from 'html-validate';
import { expect, test } from 'vitest';
import type { Brand } from '../../../domain/brand/brand.js';
import type { Block } from '../../../domain/mail/blocks.js';
import { liquidContext, parseLiquid, renderLiquid } from '../../../mail/liquid/engine.js';
import { renderLetter } from '../../../mail/render/render.js';
import { SYSTEM_TEMPLATES } from '../../../store/templates/templates.js';
import { aJob, someBrand } from '../../support/mail/rendering.js';

const blocks: readonly Block[] = [
  { type: 'heading', text: 'Good morning, {{ first_name }}' },
  { type: 'paragraph', text: 'The **kettle** is [on](https://acme.example/).\nCome in.' },
  { type: 'image', url: 'https://acme.example/cup.png', alt: 'A cup', link: 'https://acme.example/cup' },
  { type: 'list', items: ['Green', 'Black'] },
  { type: 'facts', rows: [{ label: 'When', value: 'Monday' }] },
  { type: 'quote', text: 'The best cup.', cite: 'A reader' },
  { type: 'divider' },
  { type: 'button', label: 'Come in', url: 'https://acme.example/door' },
];
const loud: Brand = {
  ...someBrand,
  logo: { url: 'https://acme.example/logo.png', alt: 'Acme', width: 120, dark_url: 'https://acme.example/dark.png' },
  colors: { primary: '#ffd400', background: '#10243f', surface: '#fffdf5', text: '#202020' },
  header: 'News from the harbour',
  footer: 'You asked for it.\nThank you.',
};
const NAMES = SYSTEM_TEMPLATES.map(({ identifier }) => identifier ?? '');
const BRANDS = { plain: someBrand, loud } as const;

function rendered(name: string, brand: Brand, language = 'en') {
  const source = SYSTEM_TEMPLATES.find(({ identifier }) => identifier === name)?.contents['en']?.source ?? '';
  const purpose = name === 'receipt' ? 'message' : 'campaign';
  const template = { format: 'mjml', source } as const;
  const fields = name === 'receipt' ? ['items', 'total'] : [];
  return renderLetter(
    aJob({ template, body: { format: 'blocks', blocks }, brand, purpose, language, preheader: 'Tea', fields }),
  );
}

const CASES = NAMES.flatMap((name) => (['plain', 'loud'] as const).map((brand) => [name, brand] as const));

test.each(CASES)(
  '%s in the %s brand passes our own check in light and dark mode, and is small',
  async (name, brand) => {
    const { html, text, findings } = await rendered(name, BRANDS[brand]);
    expect(findings).toEqual([]);
    expect(Buffer.byteLength(html)).toBeLessThan(20_000);
    for (const words of [
      'Good morning, {{ first_name }}',
      'on (https://acme.example/)',
      'Come in (',
      'When Monday',
      'Porto',
    ]) {
      expect(text).toContain(words);
    }
    // Both for screen readers and for clients that show the body alone; and both schemes for clients that would invert
    // it.
    expect(html).toMatch(/^<!doctype html>\s*<html lang="en" dir="ltr"/i);
    expect(html).toMatch(
      /<body[^>]*>\s*(?:<div style="display:none[^>]*>[^<]*<\/div>\s*)?<div[^>]* lang="en" dir="ltr"/,
    );
    for (const meta of ['color-scheme', 'supported-color-schemes']) {
      expect(html).toContain(`<meta name="${meta}" content="light dark">`);
    }
    for (const [image] of html.matchAll(/<img\b[^>]*>/g)) expect(image).toMatch(/\bwidth="?\d/);
    expect(html.includes('{{ unsubscribe_url }}')).toBe(name !== 'receipt');
    expect(html).toMatch(/1 Harbour Road<br>\s*Porto, Portugal/);
  },
);

const validator = new HtmlValidate({
  extends: ['html-validate:a11y'],
  rules: {
    'input-missing-label': 'error',
    'wcag/h30': 'error',
    'wcag/h37': 'error',
    'element-required-attributes': 'error',
    'no-dup-id': 'error',
    'close-order': 'error',
    // MJML sets the role of the article, because clients drop the element.
    'prefer-native-element': 'off',
  },
});

test.each(NAMES)('%s as delivered passes the accessibility rules of an independent validator', async (name) => {
  const { html } = await rendered(name, loud);
  const reader = {
    first_name: 'Ada',
    unsubscribe_url: 'https://acme.example/u/1',
    preferences_url: 'https://acme.example/p/1',
    view_url: 'https://acme.example/v/1',
    items: [{ name: 'Tea', price: '1 €' }],
    total: '1 €',
  };
  const shown = renderLiquid(parseLiquid(html, 'html'), liquidContext(reader, 'html'), 'html');
  const report = await validator.validateString(shown);
  expect(
    report.results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${ruleId}: ${message}`)),
  ).toEqual([]);
});

test.each([
  ['pt-BR', 'ltr', 'Cancelar inscrição'],
  ['ar', 'rtl', 'Unsubscribe'],
])('in %s the letter declares it, runs %s, and its unsubscribe link reads “%s”', async (language, direction, words) => {
  const { html } = await rendered('letter', someBrand, language);
  expect(html).toContain(`lang="${language}" dir="${direction}"`);
  expect(html).toContain(words);
  expect(html).toContain(`text-align:${direction === 'rtl' ? 'right' : 'left'}`);
});

test.each(NAMES)('%s has one way out in each part, and only the rules that it uses', async (name) => {
  const { html, text } = await rendered(name, loud);
  const ways = name === 'receipt' ? 0 : 1;
  expect([html.split('{{ unsubscribe_url }}').length - 1, text.split('{{ unsubscribe_url }}').length - 1]).toEqual([
    ways,
    ways,
  ]);
  expect(html).not.toMatch(/data-(?:everpost|embed)|<style[^>]*>[^<]*\.ep-content h6/);
});
