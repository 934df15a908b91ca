import { expect, test } from 'vitest';
import { excessOfFeed, unreadableDocument } from '../../../web/feed/structure.js';
import { growth, ONE_PASS } from '../../support/growth.js';

const rss = (inside: string, head = '') => `${head}<rss version="2.0"><channel>${inside}</channel></rss>`;
const attributes = (most: number) => Array.from({ length: most }, (_, n) => `a${n}="b"`).join(' ');

test.each<[string, (times: number) => string, string]>([
  ['elements', (times) => rss('<a/>'.repeat(100_000 * times)), 'more than 100000 elements'],
  ['levels', (times) => rss('<a>'.repeat(50_000 * times)), 'more than 100 elements inside each other'],
  ['attributes', (times) => rss(`<a ${attributes(10_000 * times)}/>`), 'more than 1000 attributes in one element'],
  [
    'attributes behind a sign in quotes',
    (times) => rss(`<a b=">" ${attributes(10_000 * times)}/>`),
    'more than 1000 attributes in one element',
  ],
  [
    'attributes of an element without an end',
    (times) => `<rss ${attributes(10_000 * times)}`,
    'more than 1000 attributes in one element',
  ],
  ['levels of JSON', (times) => `{"items":${'['.repeat(50_000 * times)}}`, 'nested too deep'],
])('a feed of too many %s is known before it is parsed', async (_, text, words) => {
  expect(excessOfFeed(text(4))).toBe(`too complex: ${words}`);
  expect(await growth(excessOfFeed, text(1), text(4))).toBeLessThan(ONE_PASS);
});

test.each([
  ['two thousand episodes', rss('<item><title>x</title><a b="c"/><d/></item>'.repeat(2_000))],
  ['signs in a title', rss(`<title>${'3 < 4 '.repeat(200_000)}</title>`)],
  ['a page in CDATA', rss(`<description><![CDATA[${'<div>'.repeat(1_000)}]]></description>`)],
  ['a page in a comment', rss(`<!--${'<div>'.repeat(1_000)}-->`)],
  ['escaped markup', rss(`<description>${'&lt;a href="x" id="y"&gt;'.repeat(5_000)}</description>`)],
  ['a large picture in an attribute', rss(`<img src="data:image/png;base64,${'iVBO'.repeat(50_000)}=="/>`)],
  ['comments that never end', '<!--'.repeat(200_000)],
  ['a quote that never ends', `<a b="${'x'.repeat(100_000)}`],
  ['a JSON Feed', '{"items":[{"title":"x"}]}'],
])('an ordinary or faulty feed is left to the parser: %s', (_, text) => {
  expect(excessOfFeed(text)).toBeUndefined();
});

test.each([
  ['', 'empty'],
  [' \n\ufeff<!-- nothing -->', 'empty'],
  ['<!doctype html><html><title>Not found</title>', 'web page'],
  ['<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="y">', 'web page'],
  ['<?xml version="1.0"?><opml version="2.0"><body/></opml>', 'OPML'],
  ['<?xml version="1.0"?><!-- a --><?xml-stylesheet href="x"?><rss version="2.0"><channel><item>', 'incomplete'],
  ['<rdf:RDF xmlns:rdf="x">', 'incomplete'],
  ['{"items": []}', 'JSON'],
  ['<urlset xmlns="x"></urlset>', 'neither RSS, Atom nor JSON Feed'],
  ['Service unavailable', 'neither RSS, Atom nor JSON Feed'],
])('a document that is no feed is named: %j', (text, what) => {
  expect(unreadableDocument(text)).toContain(what);
});
