import { isTooDeep } from '../../domain/json.js';
import { formatInZone } from '../../domain/newsletter/zone.js';
import type { IssueTemplate } from '../../mail/letter/issue.js';
import type { TextTasks } from '../../mail/tasks/text-tasks.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { WebClient } from '../../web/client.js';
import { fetchDocument } from '../../web/document.js';
import { type Content, FEED_TEMPLATE, fromFeed, type SourceFailure } from './feed-source.js';
import type { IssueDeps } from './issue.js';

export interface SourceDeps extends IssueDeps {
  readonly web: WebClient;
  readonly tasks: Pick<TextTasks, 'issue'>;
}

export type SourceResult =
  | { readonly kind: 'letter'; readonly letter: IssueTemplate; readonly feed: Issue['feed'] }
  | SourceFailure;

/** Reads a newsletter's source and renders the content of one issue. */
export async function readSource(deps: SourceDeps, newsletter: Newsletter, row: Issue): Promise<SourceResult> {
  const content = await contentOf(deps, newsletter, row);
  if ('kind' in content) return content;
  const values = {
    newsletter: { name: newsletter.name },
    issue: { date: formatInZone(newsletter.zone, row.scheduled_at).slice(4, -6), time: row.scheduled_at.toISOString() },
    ...content.fields,
  };
  const letter = await deps.tasks.issue(newsletter.account, { template: templateOf(newsletter), content: values });
  if (typeof letter === 'string') return { kind: 'failed', reason: 'source_failed', why: letter.slice(0, 500) };
  return { kind: 'letter', letter, feed: content.feed };
}

function templateOf({ subject, preheader, html, source }: Newsletter): IssueTemplate {
  if (source.kind !== 'feed') return { subject: subject ?? '{{ newsletter.name }}', preheader, html: html ?? '' };
  return {
    subject: subject ?? FEED_TEMPLATE.subject,
    preheader: preheader ?? FEED_TEMPLATE.preheader,
    html: html ?? FEED_TEMPLATE.html,
  };
}

function contentOf(deps: SourceDeps, newsletter: Newsletter, row: Issue): Promise<Content | SourceFailure> {
  const { source } = newsletter;
  if (source.kind === 'feed') return fromFeed(deps, newsletter, source, row);
  return source.kind === 'json' ? fromJson(deps, source.url) : fromPushed(deps, row);
}

async function fromJson(deps: SourceDeps, url: string): Promise<Content | SourceFailure> {
  const response = await fetchDocument(deps.web, { url, accept: 'application/json' });
  if (response.kind !== 'document') return failed(response.kind === 'failed' ? response.why : 'status 304');
  const data = parsed(response.text);
  return isEmpty(data)
    ? failed('the document is not JSON, nested too deep, or empty')
    : { fields: { data }, feed: null };
}

async function fromPushed(deps: SourceDeps, row: Issue): Promise<Content | SourceFailure> {
  const pushed = await deps.pushedData.take(row.account, row.newsletter, row._id);
  if (pushed === null) return { kind: 'failed', reason: 'no_data', why: 'no data was pushed for this issue' };
  return { fields: { data: pushed.data }, feed: null };
}

function failed(why: string): SourceFailure {
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
