import { createHash } from 'node:crypto';
import { convert } from 'html-to-text';
import { DomUtils, parseDocument } from 'htmlparser2';

/** One entry of a feed for use in a letter: plain text, and an http or https link. */
interface FeedItem {
  /** Stable for an entry across reads of the feed. */
  readonly fingerprint: string;
  readonly title: string;
  readonly link: string;
  readonly summary: string;
  /** ISO 8601; empty if the feed has no date. */
  readonly date: string;
}

export interface Feed {
  readonly title: string;
  readonly link: string;
  /** In the order of the feed, usually newest first. */
  readonly items: readonly FeedItem[];
}

const LONGEST_SUMMARY = 500;
const MOST_ITEMS = 500;
const TEXT = {
  wordwrap: false as const,
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
  ],
};

/** Reads RSS or Atom; undefined for any other document and for an incomplete one. */
export function readFeed(text: string): Feed | undefined {
  if (!isWhole(text)) return undefined;
  const document = parseDocument(text, { xmlMode: true });
  const feed = DomUtils.getFeed(document.children);
  if (feed === null) return undefined;
  const entries = DomUtils.getElementsByTagName('entry', document);
  const items = feed.items.slice(0, MOST_ITEMS).map((item, i) => {
    const link = safeLink(pageOf(entries[i]) ?? item.link);
    const title = plain(item.title ?? '', 300);
    const date = item.pubDate !== undefined && !Number.isNaN(item.pubDate.getTime()) ? item.pubDate.toISOString() : '';
    const fingerprint = createHash('sha256')
      .update(item.id || link || title)
      .digest('base64url')
      .slice(0, 16);
    return { fingerprint, title, link, summary: plain(item.description ?? '', LONGEST_SUMMARY), date };
  });
  return {
    title: plain(feed.title ?? '', 300),
    link: safeLink(feed.link),
    items: items.filter((one) => one.title !== ''),
  };
}

/**
 * Whether the text, without trailing comments, ends with the end tag of a feed. Runs in linear time, because the text is
 * untrusted.
 */
function isWhole(text: string): boolean {
  let rest = text.trimEnd();
  while (rest.endsWith('-->')) {
    const start = rest.lastIndexOf('<!--', rest.length - '<!---->'.length);
    if (start === -1 || rest.length < '<!---->'.length) return false;
    rest = rest.slice(0, start).trimEnd();
  }
  return /^<\/(?:rss|feed|rdf:RDF)\s*>$/i.test(rest.slice(Math.max(0, rest.lastIndexOf('<'))));
}

/** The link to the page: the `alternate` link of an Atom entry. */
function pageOf(entry: ReturnType<typeof DomUtils.getElementsByTagName>[number] | undefined): string | undefined {
  if (entry === undefined) return undefined;
  const links = DomUtils.getElementsByTagName('link', entry.children);
  return links.find(({ attribs }) => (attribs['rel'] ?? 'alternate') === 'alternate')?.attribs['href'];
}

function safeLink(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? new URL(url).href : '';
}

function plain(source: string, most: number): string {
  const text = convert(source, TEXT).replace(/\s+/g, ' ').trim();
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/\s+\S*$/, '')} …`;
}
