import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortened } from '../../../domain/shortened.js';
import { readFeed } from '../../../web/feed/feed.js';

const FROM = 'https://acme.example/feed.xml';
const NAMESPACES =
  'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"';
const rssItem = (item: string) =>
  readFeed(`<rss version="2.0" ${NAMESPACES}><channel><title>A</title><item>${item}</item></channel></rss>`, FROM)
    ?.items[0];
const atomEntry = (entry: string) =>
  readFeed(
    `<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id>${entry}</entry></feed>`,
    FROM,
  )?.items[0];

test.each([
  ['its text', '<description>&lt;p&gt;Tulips bloom early.&lt;/p&gt;</description>', 'Tulips bloom early.'],
  ['its whole content', '<content:encoded><![CDATA[<h2>Tulips</h2><p>bloom</p>]]></content:encoded>', 'Tulips bloom'],
  ['the beginning of a long text', `<description>${'word '.repeat(100)}</description>`, `${'word '.repeat(16)}…`],
  ['the description of its image', '<description>&lt;img src="x" alt="A cat"&gt;</description>', 'A cat'],
  ['the title of its media', '<media:title>A film</media:title><guid>1</guid>', 'A film'],
  ['its address, without any text', '<link>https://acme.example/x</link>', 'acme.example/x'],
])('an item without a title has %s as its title', (_name, item, title) => {
  expect(rssItem(item)?.title).toBe(title);
  expect(rssItem(`<title> </title>${item}`)?.title).toBe(title);
});

test('an item with nothing to show is left out', () => {
  expect(rssItem('<guid isPermaLink="false">1</guid><pubDate>Fri, 15 May 2026 09:00:00 GMT</pubDate>')).toBeUndefined();
});

test.each([
  ['only content:encoded', '<content:encoded><![CDATA[<p>Hello <b>you</b></p>]]></content:encoded>', 'Hello you'],
  ['an empty description', '<description/><content:encoded>Hello</content:encoded>', 'Hello'],
  ['table cells', '<description><![CDATA[<table><tr><td>a</td><td>b</td></tr></table>]]></description>', 'a b'],
  ['line breaks', '<description><![CDATA[one<br>two<hr>three]]></description>', 'one two three'],
  ['headings, which stay as written', '<description><![CDATA[<h1>One</h1><p>two</p>]]></description>', 'One two'],
  ['lists', '<description><![CDATA[<ul><li>one</li><li>two</li></ul>]]></description>', 'one two'],
  ['scripts and styles', '<description><![CDATA[<style>p{}</style><script>x()</script>one]]></description>', 'one'],
  ['double escapes', '<description>&lt;p&gt;A &amp;amp; B&lt;/p&gt;</description>', 'A & B'],
])('the summary of an RSS item with %s', (_name, item, summary) => {
  expect(rssItem(`<title>One</title>${item}`)?.summary).toBe(summary);
});

test.each([
  ['text', 'type="text"', 'Use &lt;div&gt; &amp; more', 'Use <div> & more'],
  ['no type', '', '&lt;b&gt;', '<b>'],
  ['html', 'type="html"', 'Use &lt;b&gt;&amp;lt;div&amp;gt;&lt;/b&gt; &amp;amp; more', 'Use <div> & more'],
  ['xhtml', 'type="xhtml"', '<div xmlns="http://www.w3.org/1999/xhtml">Less &lt; <em>more</em></div>', 'Less < more'],
])('an Atom title of type %s keeps its signs', (_name, type, title, text) => {
  expect(atomEntry(`<title ${type}>${title}</title>`)?.title).toBe(text);
});

test.each([
  ['&lt;b&gt;Bold&lt;/b&gt; &amp;amp; more', 'Bold & more'],
  ['The &lt;div&gt; element', 'The <div> element'],
  ['List&lt;String&gt; in Java', 'List<String> in Java'],
  ['I &lt;3 you, 1 &lt; 2', 'I <3 you, 1 < 2'],
  ['a &lt;b', 'a <b'],
  ['AT&amp;T', 'AT&T'],
])('the RSS title %s is text where it is no markup of a title', (title, text) => {
  expect(rssItem(`<title>${title}</title>`)?.title).toBe(text);
});

test('the paragraphs of an xhtml summary are separated, with any prefix', () => {
  const paragraphs = '<div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>bold</b> word.</p><p>Two.</p></div>';
  expect(atomEntry(`<title>T</title><summary type="xhtml">${paragraphs}</summary>`)?.summary).toBe(
    'One bold word. Two.',
  );
  const prefixed = '<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>One.</h:p><h:p>Two.</h:p></h:div>';
  expect(atomEntry(`<title>T</title><content type="xhtml">${prefixed}</content>`)?.summary).toBe('One. Two.');
});

test('a text is cut between whole characters, also inside emoji of several code points', () => {
  const family = '👨‍👩‍👧‍👦';
  const { title = '' } = rssItem(`<title>${family.repeat(60)}</title>`) ?? {};
  expect(title.replace(/ …$/, '').replaceAll(family, '')).toBe('');
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 100 }),
      (text, most) => {
        const short = shortened(text, most);
        expect(short.length).toBeLessThanOrEqual(most + 2);
        expect(Buffer.from(short).toString()).toBe(short);
        expect(text.startsWith(short.replace(/ ?…$/, '').trimEnd()) || short === text).toBe(true);
      },
    ),
  );
});
