import { type AtomFeed, type DateLike, type JsonFeed, parseFeed, type RdfFeed, type RssFeed } from 'feedsmith';
import { channelBase, withLinkBases } from './links.js';
import { oneLine, textOfHtml, textOfTitle } from './plain-text.js';

/** An entry of any format: texts are plain, links and dates are as written. */
export interface Entry {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly date: string;
  /** Candidates, the best first. */
  readonly links: readonly string[];
  readonly base: string | undefined;
}

export interface EntryFeed {
  readonly title: string;
  readonly site: string | undefined;
  /** As written, from the outer element to the inner one. */
  readonly bases: readonly (string | undefined)[];
  readonly entries: readonly Entry[];
}

/** Reads RSS, RDF, Atom or JSON Feed; undefined for any other document. */
export function entriesOf(text: string): EntryFeed | undefined {
  const parsed = parsedFeed(text);
  switch (parsed?.format) {
    case 'rss':
      return rssEntries(parsed.feed, channelBase(text));
    case 'rdf':
      return rdfEntries(parsed.feed);
    case 'atom':
      return atomEntries(parsed.feed);
    case 'json':
      return jsonEntries(parsed.feed);
    default:
      return undefined;
  }
}

function parsedFeed(text: string) {
  const xml = withLinkBases(text);
  for (const attempt of [xml, withEscapedSigns(xml)]) {
    try {
      return parseFeed(attempt);
    } catch {
      // Not a feed, or not well-formed: some feeds forget to escape a sign.
    }
  }
  return undefined;
}

/** `3 < 4`: a sign that begins no tag. */
function withEscapedSigns(xml: string): string {
  return xml.replace(/<(?=[\s\d=<])/g, '&lt;');
}

function rssEntries(feed: RssFeed.Feed<DateLike>, base: string | undefined): EntryFeed {
  return {
    title: textOfTitle(feed.title ?? ''),
    site: feed.link ?? pagesOf(feed.atom?.links)[0],
    bases: [feed.xml?.base, base],
    entries: (feed.items ?? []).map((item) => {
      const { guid, link, title, dc, media, atom, content, itunes } = item;
      const isLink = guid?.isPermaLink !== false && /^https?:/i.test(guid?.value ?? '');
      const texts = [
        item.description,
        content?.encoded,
        media?.description?.value,
        itunes?.summary,
        dc?.descriptions?.[0],
      ];
      return {
        id: guid?.value || link || '',
        title: first([title, dc?.titles?.[0], media?.title?.value, itunes?.title], textOfTitle),
        text: first(texts, textOfHtml) || atomText(atom?.summary) || atomText(atom?.content),
        date: String(item.pubDate ?? dc?.dates?.[0] ?? atom?.published ?? atom?.updated ?? ''),
        links: present([link, ...pagesOf(atom?.links), isLink ? guid?.value : undefined, item.enclosures?.[0]?.url]),
        base: item.xml?.base,
      };
    }),
  };
}

function rdfEntries(feed: RdfFeed.Feed<DateLike>): EntryFeed {
  return {
    title: textOfTitle(feed.title ?? ''),
    site: feed.link,
    bases: [feed.xml?.base],
    entries: (feed.items ?? []).map(({ title, link, description, content, dc, rdf, xml }) => ({
      id: link || rdf?.about || '',
      title: first([title, dc?.titles?.[0]], textOfTitle),
      text: first([description, content?.encoded], textOfHtml),
      date: String(dc?.dates?.[0] ?? ''),
      links: present([link, rdf?.about]),
      base: xml?.base,
    })),
  };
}

function atomEntries(feed: AtomFeed.Feed<DateLike>): EntryFeed {
  return {
    title: atomText(feed.title),
    site: pagesOf(feed.links)[0],
    bases: [feed.xml?.base],
    entries: (feed.entries ?? []).map(({ id, title, summary, content, links, published, updated, xml, media }) => ({
      id: id ?? '',
      title: atomText(title) || oneLine(media?.title?.value ?? ''),
      text: atomText(summary) || atomText(content) || oneLine(media?.groups?.[0]?.description?.value ?? ''),
      date: String(published ?? updated ?? ''),
      links: present([...pagesOf(links), content?.src, /^https?:/i.test(id ?? '') ? id : undefined]),
      base: xml?.base,
    })),
  };
}

function jsonEntries({ title, home_page_url, items = [] }: JsonFeed.Feed<DateLike>): EntryFeed {
  return {
    title: oneLine(title ?? ''),
    site: home_page_url,
    bases: [],
    entries: items.map((item) => ({
      id: String(item.id ?? ''),
      title: oneLine(item.title ?? ''),
      text: first([item.summary, item.content_text], oneLine) || textOfHtml(item.content_html ?? ''),
      date: String(item.date_published ?? item.date_modified ?? ''),
      links: present([item.url, item.external_url, /^https?:/i.test(item.id ?? '') ? item.id : undefined]),
      base: undefined,
    })),
  };
}

/** RFC 4287, section 3.1: text is literal, unless its type says that it is HTML. */
function atomText(text: { readonly value?: string; readonly type?: string } | undefined): string {
  const { value = '', type = 'text' } = text ?? {};
  if (/html|xml/i.test(type)) return textOfHtml(value);
  return /^text\b/i.test(type) ? oneLine(value) : '';
}

interface AtomLink {
  readonly href?: string;
  readonly rel?: string;
  readonly type?: string;
}

/** The addresses of the pages behind an entry: its `alternate` links, HTML first. */
function pagesOf(links: readonly AtomLink[] | undefined): string[] {
  const pages = (links ?? []).filter(({ rel = '' }) => /^(?:alternate)?$|\/alternate$/i.test(rel.trim()));
  const isPage = ({ type = 'text/html' }: AtomLink) => /html/i.test(type);
  return present([...pages.filter(isPage), ...pages.filter((link) => !isPage(link))].map(({ href }) => href));
}

function first(candidates: readonly (string | undefined)[], read: (candidate: string) => string): string {
  for (const candidate of candidates) {
    const text = read(candidate ?? '');
    if (text !== '') return text;
  }
  return '';
}

function present(links: readonly (string | undefined)[]): string[] {
  return links.flatMap((link) => (link === undefined || link.trim() === '' ? [] : link));
}
