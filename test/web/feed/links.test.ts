import { expect, test } from 'vitest';
import { readFeed } from '../../../web/feed/feed.js';

const FROM = 'https://acme.example/blog/feed.xml';
const linkOf = (xml: string, from = FROM) => readFeed(xml, from)?.items[0]?.link;
const rss = (item: string, channel = '', attributes = '') =>
  `<rss version="2.0"${attributes}><channel><title>Acme</title>${channel}<item><title>One</title>${item}</item></channel></rss>`;
const atom = (entry: string, attributes = '', feed = '') =>
  `<feed xmlns="http://www.w3.org/2005/Atom"${attributes}><title>Acme</title>${feed}<entry><id>urn:1</id><title>One</title>${entry}</entry></feed>`;

test.each([
  ['a path', '<link>/blog/x.html</link>', 'https://acme.example/blog/x.html'],
  ['a relative path', '<link>x.html</link>', 'https://acme.example/blog/x.html'],
  ['a query', '<link>?p=7</link>', 'https://acme.example/blog/feed.xml?p=7'],
  ['another host without a scheme', '<link>//host.example/x</link>', 'https://host.example/x'],
  ['a host name alone', '<link>www.acme.example/x</link>', 'https://www.acme.example/x'],
  ['blanks and line ends around it', '<link>\n  https://acme.example/x\n</link>', 'https://acme.example/x'],
  ['an escaped ampersand', '<link>https://acme.example/?a=1&amp;b=2</link>', 'https://acme.example/?a=1&b=2'],
  ['CDATA', '<link><![CDATA[https://acme.example/?a=1&b=2]]></link>', 'https://acme.example/?a=1&b=2'],
  ['a permalink guid', '<guid>https://acme.example/9</guid>', 'https://acme.example/9'],
  ['a declared permalink guid', '<guid isPermaLink="true">https://acme.example/9</guid>', 'https://acme.example/9'],
  ['a guid that is no link', '<guid isPermaLink="false">https://acme.example/9</guid>', ''],
  ['its enclosure', '<enclosure url="https://acme.example/1.mp3" type="audio/mpeg"/>', 'https://acme.example/1.mp3'],
  ['a script', '<link>javascript:alert(1)</link>', ''],
  ['a file', '<link>file:///etc/passwd</link>', ''],
])('the link of an RSS item may be %s', (_name, item, link) => {
  expect(linkOf(rss(item))).toBe(link);
});

test.each([
  ['the feed', atom('<link href="posts/1"/>', ' xml:base="https://base.example/a/"'), 'https://base.example/a/posts/1'],
  [
    'the entry within the feed',
    atom('<link href="1"/>', ' xml:base="https://base.example/a/"').replace('<entry>', '<entry xml:base="posts/">'),
    'https://base.example/a/posts/1',
  ],
  [
    'the link itself',
    atom('<link xml:base="https://base.example/b/" href="1?a=1&amp;b=2"/>'),
    'https://base.example/b/1?a=1&b=2',
  ],
  ['the RSS element', rss('<link>x</link>', '', ' xml:base="https://base.example/"'), 'https://base.example/x'],
  ['the channel', rss('<link>x</link>').replace('<channel>', '<channel xml:base="/c/">'), 'https://acme.example/c/x'],
  [
    'a script, which is ignored',
    atom('<link href="x"/>', ' xml:base="javascript:alert(1)//"'),
    'https://acme.example/blog/x',
  ],
])('a relative link is resolved by the xml:base of %s', (_name, xml, link) => {
  expect(linkOf(xml)).toBe(link);
});

test('without xml:base a link is relative to the address of the feed, or to its site if a service delivers the feed', () => {
  const feed = rss('<link>/x</link>', '<link>https://acme.example/</link>');
  expect(linkOf(feed, 'https://acme.example/deep/feed')).toBe('https://acme.example/x');
  expect(linkOf(feed, 'https://feeds.example/acme')).toBe('https://acme.example/x');
});

test.each([
  [
    'the first alternate one, HTML first',
    '<link rel="self" href="/s"/><link rel="alternate" type="application/json" href="/j"/><link rel="alternate" type="text/html" href="/h"/>',
    '/h',
  ],
  ['one without a relation', '<link rel="enclosure" href="/e.mp3"/><link href="/a"/>', '/a'],
  [
    'one with the whole name of the relation',
    '<link rel="http://www.iana.org/assignments/relation/alternate" href="/a"/>',
    '/a',
  ],
  ['the source of its content', '<content type="text/html" src="/c"/>', '/c'],
])('the link of an Atom entry is %s', (_name, links, path) => {
  expect(linkOf(atom(links))).toBe(`https://acme.example${path}`);
});

test('an Atom link inside RSS, an RDF item and a JSON Feed have their links', () => {
  const inside = rss('<a:link rel="alternate" href="/a"/>', '', ' xmlns:a="http://www.w3.org/2005/Atom"');
  expect(linkOf(inside)).toBe('https://acme.example/a');
  const rdf =
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="x"><title>A</title></channel><item rdf:about="/r"><title>One</title></item></rdf:RDF>';
  expect(linkOf(rdf)).toBe('https://acme.example/r');
  const json = {
    version: 'https://jsonfeed.org/version/1.1',
    title: 'A',
    items: [{ id: '1', url: '/j', title: 'One' }],
  };
  expect(linkOf(JSON.stringify(json))).toBe('https://acme.example/j');
});
