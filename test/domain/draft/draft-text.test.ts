import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf, type DraftRules, faultsOf, linksIn } from '../../../domain/draft/draft.js';
import type { Block } from '../../../domain/mail/blocks.js';

const RULES: DraftRules = {
  links: ['https://acme.example/pricing'],
  words: 'Announce the prices. Questions go to help@acme.example, our shop is acme.com.',
  fields: ['first_name', 'city'],
  banned: ['cheap'],
};

function draft(...texts: string[]) {
  const blocks = texts.map((text): Block => ({ type: 'paragraph', text }));
  return { subject: 'New prices', preheader: 'From Monday', blocks };
}

describe('a draft may contain', () => {
  test.each([
    ['plain words', 'A trial of 14 days. No card, e.g. none at all.'],
    ['a field', 'Hello {{ first_name }}!'],
    ['a field with a fallback', 'Hello {{first_name | default: "friend"}} from {{ city }}'],
    ['a link from the request', '[Prices](https://acme.example/pricing)'],
    ['a mailbox from the request', 'Write to [us](mailto:help@acme.example) or help@acme.example.'],
    ['a host from the request', 'Come to acme.com!'],
    ['comparisons', 'Older than 3 < 4 years'],
  ])('%s', (_what, text) => {
    expect(faultsOf(draft(text), RULES)).toEqual([]);
  });
});

describe('a draft may not', () => {
  test.each([
    ['name a field that does not exist', 'Hello {{ password }}', 'There is no field {{ password }}.'],
    ['run anything', '{% for s in subscribers %}{{ s.email }}{% endfor %}', '{% for'],
    ['filter otherwise', '{{ first_name | append: "x" }}', 'neither text nor'],
    ['leave a field open', 'Hello {{ first_name', 'neither text nor'],
    ['bring HTML', 'See <img src=x onerror=alert(1)>', 'is HTML'],
    ['close a tag', 'x</p>', 'is HTML'],
    ['link to another site', '[Prices](https://evil.example/pricing)', 'not among the links'],
    ['change a given link', '[Prices](https://acme.example/pricing?u={{first_name}})', '"'],
    ['link to another mailbox', '[us](mailto:me@evil.example)', 'not among the links'],
    ['show an address that becomes a link', 'Go to https://evil.example/x now.', 'not an address from the request'],
    ['show a host that becomes a link', 'Go to evil.com now.', '"evil.com" is not an address from the request.'],
    [
      'hide an address in a label',
      '[evil.com/prices](https://acme.example/pricing)',
      'not an address from the request',
    ],
    ['name a mailbox that the request does not', 'Write to ana@evil.org', 'not an address from the request'],
    ['use a banned word', 'Cheap, cheap!', 'Do not use "cheap".'],
  ])('%s', (_what, text, fault) => {
    const faults = faultsOf(draft(text), RULES);
    expect(faults.join('\n')).toContain(fault);
  });

  test('contain such a link in a button, a list, a quote, the subject or the preheader', () => {
    const url = 'https://evil.example/';
    expect(faultsOf({ ...draft('x'), blocks: [{ type: 'button', label: 'Go', url }] }, RULES)).toHaveLength(1);
    expect(faultsOf({ ...draft('x'), blocks: [{ type: 'list', items: ['a', url] }] }, RULES)).toHaveLength(1);
    expect(faultsOf({ ...draft('x'), blocks: [{ type: 'quote', text: url }] }, RULES)).toHaveLength(1);
    expect(faultsOf({ ...draft('x'), subject: '{{ secret }}' }, RULES)).toHaveLength(1);
    expect(faultsOf({ ...draft('x'), preheader: 'cheap' }, RULES)).toHaveLength(1);
  });
});

test('a web address in any text is a fault unless the request contains it', () => {
  const host = fc.stringMatching(/^[a-z]{3,12}$/).map((name) => `https://${name}.invalid/x`);
  fc.assert(
    fc.property(fc.string(), host, fc.string(), (before, address, after) => {
      expect(faultsOf(draft(`${before} ${address} ${after}`), RULES)).not.toEqual([]);
    }),
  );
});

test('links of a text are found without the marks around them', () => {
  const text = 'See https://a.example/x?y=1, (https://b.example) and https://a.example/x?y=1. Not www.c.example.';
  expect(linksIn(text)).toEqual(['https://a.example/x?y=1', 'https://b.example']);
});

test.each([
  ['gpt-4.1-mini', 560],
  ['gpt-4.1-mini-2025-04-14', 560],
  ['a-model-of-our-own', null],
])('a call of %s costs %s millionths of a dollar', (model, cost) => {
  expect(costOf(model, { input_tokens: 1_000, cached_tokens: 400, output_tokens: 175 })).toBe(cost);
});
