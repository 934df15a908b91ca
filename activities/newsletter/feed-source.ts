import type { IssueReason } from '../../domain/newsletter/issue.js';
import { chooseItems, inboxLines, type Source } from '../../domain/newsletter/source.js';
import type { IssueTemplate } from '../../mail/letter/issue.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { WebClient } from '../../web/client.js';
import { fetchDocument } from '../../web/document.js';
import { readFeed } from '../../web/feed/feed.js';
import { excessOfFeed, unreadableDocument } from '../../web/feed/structure.js';
import type { IssueDeps } from './issue.js';

export interface Content {
  readonly fields: object;
  readonly feed: Issue['feed'];
}

export type SourceFailure =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly reason: IssueReason; readonly why: string };

/** What a feed newsletter uses where it has no subject, preview line or body of its own. */
export const FEED_TEMPLATE: IssueTemplate = {
  subject: '{{ feed.subject }}',
  preheader: '{{ feed.preview }}',
  html: `<p>{% if feed.title != "" %}{{ feed.title }}{% else %}{{ newsletter.name }}{% endif %} · {{ issue.date }}</p>
{% for item in items %}<h2>{% if item.link != "" %}<a href="{{ item.link }}">{{ item.title }}</a>{% else %}{{ item.title }}{% endif %}</h2>
{% if item.summary != "" %}<p>{{ item.summary }}</p>{% endif %}
{% endfor %}`,
};

const ACCEPT = 'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1';
const NO_VALIDATORS = { etag: null, modified: null };

/** The new items of a feed that are in no other issue, sent or still open. */
export async function fromFeed(
  deps: IssueDeps & { readonly web: WebClient },
  { memory }: Newsletter,
  source: Source & { kind: 'feed' },
  row: Issue,
): Promise<Content | SourceFailure> {
  const { url } = source;
  const known = memory?.url === url ? memory : null;
  const { etag = null, modified = null } = known ?? {};
  const response = await fetchDocument(deps.web, { url, accept: ACCEPT, etag, modified });
  if (response.kind === 'unchanged') return { kind: 'nothing' };
  if (response.kind === 'failed') return failed(response.why);
  const excess = excessOfFeed(response.text);
  if (excess !== undefined) return failed(excess);
  const feed = readFeed(response.text, response.url);
  if (feed === undefined) return failed(unreadableDocument(response.text));
  const others = (await deps.issues.openIssues(row.account, row.newsletter)).filter(({ _id }) => _id !== row._id);
  const taken = new Set(others.flatMap((one) => one.feed?.marks ?? []));
  const { items, marks, left } = chooseItems(feed.items, { seen: new Set(known?.seen), taken }, source);
  if (items.length === 0) return { kind: 'nothing' };
  const { title, link } = feed;
  // With validators the server would answer that the feed has not changed, which would hide the items that wait.
  const waits = taken.size > 0 || (left > 0 && source.overflow !== 'skip');
  const validators = waits ? NO_VALIDATORS : { etag: response.etag, modified: response.modified };
  return {
    fields: { items, feed: { title, link, ...inboxLines(items) } },
    feed: { url, ...validators, marks, sent: items.length, left },
  };
}

function failed(why: string): SourceFailure {
  return { kind: 'failed', reason: 'source_failed', why };
}
