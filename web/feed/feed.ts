import { createHash } from 'node:crypto';
import { dateIn } from '../../domain/date-in-text.js';
import { shortened } from '../../domain/shortened.js';
import { type Entry, type EntryFeed, entriesOf } from './entries.js';
import { baseOfDocument, innerBase, webAddress } from './links.js';

/** One entry of a feed for use in a letter: plain text, and an http or https link. */
interface FeedItem {
  /** Stable for an entry across reads of the feed. */
  readonly fingerprint: string;
  /** Of an entry without a title: the beginning of its text, else its address. */
  readonly title: string;
  readonly link: string;
  readonly summary: string;
  /** ISO 8601; empty if the feed has no date. */
  readonly date: string;
}

export interface Feed {
  readonly title: string;
  readonly link: string;
  /** The newest first. */
  readonly items: readonly FeedItem[];
}

const LONGEST = { title: 300, summary: 500, borrowedTitle: 80 } as const;
const MOST_ITEMS = 500;

/** Reads RSS, RDF, Atom or JSON Feed; undefined for any other document and for an incomplete one. */
export function readFeed(text: string, fetchedFrom: string): Feed | undefined {
  if (!isWhole(text)) return undefined;
  const feed = entriesOf(text);
  if (feed === undefined) return undefined;
  const base = baseOf(feed, fetchedFrom);
  const items = newestFirst(feed.entries)
    .slice(0, MOST_ITEMS)
    .flatMap((entry) => itemOf(entry, base) ?? []);
  const byFingerprint = new Map(items.toReversed().map((item) => [item.fingerprint, item]));
  return {
    title: shortened(feed.title, LONGEST.title),
    link: webAddress(feed.site, base),
    items: items.filter((item) => byFingerprint.get(item.fingerprint) === item),
  };
}

function baseOf({ site, bases }: EntryFeed, fetchedFrom: string): string | undefined {
  const given = bases.filter((base) => base !== undefined);
  return given.reduce<string | undefined>(
    innerBase,
    given.length === 0 ? baseOfDocument(site, fetchedFrom) : fetchedFrom,
  );
}

/** Undefined for an entry that has nothing to show. */
function itemOf({ id, title, text, date, links, base: given }: Entry, outer: string | undefined): FeedItem | undefined {
  const base = innerBase(outer, given);
  const link = links.map((one) => webAddress(one, base)).find((one) => one !== '') ?? '';
  const shown = title || shortened(text, LONGEST.borrowedTitle) || link.replace(/^https?:\/\//, '');
  if (shown === '') return undefined;
  const fingerprint = createHash('sha256')
    .update(id || link || title || `${date} ${text}`)
    .digest('base64url')
    .slice(0, 16);
  return {
    fingerprint,
    title: shortened(shown, LONGEST.title),
    link,
    summary: text === shown ? '' : shortened(text, LONGEST.summary),
    date: dateIn(date)?.toISOString() ?? '',
  };
}

/** An entry without a date stays beside the entry before it. */
function newestFirst(entries: readonly Entry[]): readonly Entry[] {
  const times = entries.map(({ date }) => dateIn(date)?.getTime());
  let last = times.find((time) => time !== undefined) ?? 0;
  const dated = entries.map((entry, i) => {
    last = times[i] ?? last;
    return { entry, time: last };
  });
  return dated.toSorted((one, other) => other.time - one.time).map(({ entry }) => entry);
}

/**
 * Whether the text, without trailing comments, ends with the end tag of a feed, or is JSON. Runs in linear time, because the
 * text is untrusted.
 */
function isWhole(text: string): boolean {
  let rest = text.trimEnd();
  while (rest.endsWith('-->')) {
    const start = rest.lastIndexOf('<!--', rest.length - '<!---->'.length);
    if (start === -1 || rest.length < '<!---->'.length) return false;
    rest = rest.slice(0, start).trimEnd();
  }
  if (rest.endsWith('}')) return true;
  return /^<\/(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>$/i.test(rest.slice(Math.max(0, rest.lastIndexOf('<'))));
}
