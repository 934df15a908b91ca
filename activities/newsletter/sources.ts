import { isTooDeep } from '../../domain/json.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import type { Source } from '../../domain/newsletter/source.js';
import { formatInZone } from '../../domain/newsletter/zone.js';
import { type IssueTemplate, issueLetter } from '../../mail/letter/issue.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { WebClient } from '../../web/client.js';
import { fetchDocument } from '../../web/document.js';
import { readFeed } from '../../web/feed.js';
import type { IssueDeps } from './issue.js';

export interface SourceDeps extends IssueDeps {
  readonly web: WebClient;
}

export type SourceResult =
  | { readonly kind: 'letter'; readonly letter: IssueTemplate; readonly feed: Issue['feed'] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly reason: IssueReason; readonly why: string };

interface Content {
  readonly fields: object;
  readonly feed: Issue['feed'];
}

/** Template of feed newsletters that have none of their own. */
const FEED_TEMPLATE = `{% for item in items %}<h2>{% if item.link != "" %}<a href="{{ item.link }}">{{ item.title }}</a>{% else %}{{ item.title }}{% endif %}</h2>
<p>{{ item.summary }}</p>
{% endfor %}`;

/** Reads a newsletter's source and renders the content of one issue. */
export async function readSource(deps: SourceDeps, newsletter: Newsletter, row: Issue): Promise<SourceResult> {
  const content = await contentOf(deps, newsletter, row);
  if ('kind' in content) return content;
  const letter = issueLetter(templateOf(newsletter), {
    newsletter: { name: newsletter.name },
    issue: { date: formatInZone(newsletter.zone, row.scheduled_at).slice(4, -6), time: row.scheduled_at.toISOString() },
    ...content.fields,
  });
  if (typeof letter === 'string') return { kind: 'failed', reason: 'source_failed', why: letter.slice(0, 500) };
  return { kind: 'letter', letter, feed: content.feed };
}

function templateOf({ subject, preheader, html, source }: Newsletter): IssueTemplate {
  const plain = source.kind === 'feed' ? '{{ items[0].title }}' : '{{ newsletter.name }}';
  return { subject: subject ?? plain, preheader, html: html ?? (source.kind === 'feed' ? FEED_TEMPLATE : '') };
}

function contentOf(deps: SourceDeps, newsletter: Newsletter, row: Issue): Promise<Content | SourceResult> {
  const { source } = newsletter;
  if (source.kind === 'feed') return fromFeed(deps, newsletter, source, row);
  return source.kind === 'json' ? fromJson(deps, source.url) : fromPushed(deps, row);
}

/** Only items that are in no other issue, sent or still open. */
async function fromFeed(
  deps: SourceDeps,
  { memory }: Newsletter,
  { url, max_items }: Source & { kind: 'feed' },
  row: Issue,
): Promise<Content | SourceResult> {
  const known = memory?.url === url ? memory : null;
  const wanted = { url, accept: 'application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.1' };
  const response = await fetchDocument(deps.web, {
    ...wanted,
    etag: known?.etag ?? null,
    modified: known?.modified ?? null,
  });
  if (response.kind === 'unchanged') return { kind: 'nothing' };
  if (response.kind === 'failed') return failed(response.why);
  const feed = readFeed(response.text);
  if (feed === undefined) return failed('the document is neither RSS nor Atom, or incomplete');
  const others = (await deps.issues.openIssues(row.account, row.newsletter)).filter(({ _id }) => _id !== row._id);
  const seen = new Set([...(known?.seen ?? []), ...others.flatMap((one) => one.feed?.marks ?? [])]);
  const fresh = feed.items.filter(({ fingerprint }) => !seen.has(fingerprint));
  if (fresh.length === 0) return { kind: 'nothing' };
  const { etag, modified } = response;
  const marks = feed.items.map(({ fingerprint }) => fingerprint);
  const items = fresh.slice(0, max_items);
  return {
    fields: { items, feed: { title: feed.title, link: feed.link } },
    feed: { url, etag, modified, marks },
  };
}

async function fromJson(deps: SourceDeps, url: string): Promise<Content | SourceResult> {
  const response = await fetchDocument(deps.web, { url, accept: 'application/json' });
  if (response.kind !== 'document') return failed(response.kind === 'failed' ? response.why : 'status 304');
  const data = parsed(response.text);
  return isEmpty(data)
    ? failed('the document is not JSON, nested too deep, or empty')
    : { fields: { data }, feed: null };
}

async function fromPushed(deps: SourceDeps, row: Issue): Promise<Content | SourceResult> {
  const pushed = await deps.pushedData.take(row.account, row.newsletter, row._id);
  if (pushed === null) return { kind: 'failed', reason: 'no_data', why: 'no data was pushed for this issue' };
  return { fields: { data: pushed.data }, feed: null };
}

function failed(why: string): SourceResult {
  return { kind: 'failed', reason: 'source_failed', why };
}

function parsed(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEmpty(data: unknown): boolean {
  return typeof data !== 'object' || data === null || Object.keys(data).length === 0;
}
