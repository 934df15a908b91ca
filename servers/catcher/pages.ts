import { type Html, html } from '../../domain/html.js';
import type { MailPage, StoredMail } from './mail-index.js';
import { type ReadMail, readableSubject } from './read-mail.js';

export const VIEWS = ['html', 'text', 'headers', 'source'] as const;
type View = (typeof VIEWS)[number];

const VIEW_TITLES: Readonly<Record<View, string>> = {
  html: 'HTML',
  text: 'Text',
  headers: 'Headers',
  source: 'Source',
};

export interface ListRequest {
  readonly to: string;
  readonly page: number;
  readonly perPage: number;
}

/** The list of mails, newest first, with search and pages. */
export function listPage({ total, mails }: MailPage, request: ListRequest): string {
  const empty =
    request.to === ''
      ? html`<p class="empty">No mail yet. Whatever Everpost sends appears here; nothing leaves this machine.</p>`
      : html`<p class="empty">No mail for <b>${request.to}</b>.</p>`;
  const list = total === 0 ? empty : html`<ol class="mails">${mails.map(row)}</ol>${pager(total, request)}`;
  return frame(
    'Inbox',
    html`
    <header>
      <h1><a href="/">Inbox</a> <small id="count" data-total="${total}" data-to="${request.to}">${counted(total)}</small></h1>
      <form class="search" role="search">
        <input type="search" name="to" value="${request.to}" placeholder="Search by recipient" aria-label="Search by recipient">
        <button>Search</button>
      </form>
      <form method="post" action="/clear"><button class="quiet">Delete all</button></form>
    </header>
    <p id="new-mail" hidden><a href="/">New mail has come in: show it</a></p>
    <main>${list}</main>
    <script src="/inbox.js" defer></script>`,
  );
}

function row(mail: StoredMail): Html {
  return html`<li><a href="/messages/${mail.id}">
    <span class="to">${mail.to.join(', ')}</span>
    <span class="subject">${readableSubject(mail.subject) || '(no subject)'}</span>
    <time datetime="${isoTime(mail)}">${shortTime(mail)}</time>
  </a></li>`;
}

function pager(total: number, { to, page, perPage }: ListRequest): Html {
  const pages = Math.ceil(total / perPage);
  if (pages <= 1) return html``;
  const link = (number: number, text: string) =>
    number >= 1 && number <= pages && number !== page
      ? html`<a href="/?${new URLSearchParams({ ...(to && { to }), page: String(number) }).toString()}">${text}</a>`
      : html`<span>${text}</span>`;
  const steps = [link(1, 'Newest'), link(page - 1, 'Newer')];
  const back = [link(page + 1, 'Older'), link(pages, 'Oldest')];
  return html`<nav class="pager">${steps}<span>Page ${page} of ${pages}</span>${back}</nav>`;
}

export interface MailRequest {
  readonly view: View;
  /** Whether pictures and styles may be fetched from other hosts. */
  readonly remote: boolean;
}

/** One mail: envelope, attachments and the chosen view of its content. */
export function mailPage(stored: StoredMail, mail: ReadMail, raw: string, { view, remote }: MailRequest): string {
  const tab = (name: View) =>
    html`<a href="/messages/${stored.id}?view=${name}" ${current(name === view)}>${VIEW_TITLES[name]}</a>`;
  const content: Readonly<Record<View, () => Html>> = {
    html: () => sandbox(stored.id, mail.html, remote),
    text: () => html`<pre>${mail.text || 'This mail has no text part.'}</pre>`,
    headers: () =>
      html`<dl class="headers">${mail.headers.map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
    source: () => html`<pre>${raw}</pre>`,
  };
  return frame(
    mail.subject || '(no subject)',
    html`
    <header><p class="back"><a href="/">&larr; Inbox</a></p></header>
    <main class="mail">
      <h1>${mail.subject || '(no subject)'}</h1>
      <dl class="envelope">
        <dt>From</dt><dd>${stored.from || '(empty: a notice)'}</dd>
        <dt>To</dt><dd>${stored.to.join(', ')}</dd>
        <dt>Received</dt><dd><time datetime="${isoTime(stored)}">${isoTime(stored).replace('T', ' ').slice(0, 19)} UTC</time></dd>
        <dt>Size</dt><dd>${stored.size.toLocaleString('en')} bytes, <a href="/api/messages/${stored.id}/raw">raw</a></dd>
        ${mail.attachments.length > 0 ? html`<dt>Attached</dt><dd>${attached(mail)}</dd>` : undefined}
      </dl>
      <nav class="tabs">${VIEWS.map(tab)}</nav>
      ${content[view]()}
    </main>`,
  );
}

const current = (is: boolean) => (is ? html`aria-current="page"` : undefined);

const attached = ({ attachments }: ReadMail) =>
  attachments
    .map(({ name, type, size }) => `${name || 'unnamed'} (${type}, ${size.toLocaleString('en')} bytes)`)
    .join('; ');

/** Mail is foreign content: no scripts, no forms, no cookies, an origin of its own. Its links open in a new tab. */
function sandbox(id: number, content: string, remote: boolean): Html {
  if (content === '')
    return html`<p class="empty">This mail has no HTML part. <a href="/messages/${id}?view=text">Show the text</a></p>`;
  const foreign = remote ? '?remote=1' : '';
  const offer = remote
    ? html`<p class="notice">Remote pictures are shown. <a href="/messages/${id}">Block them again</a></p>`
    : html`<p class="notice">Remote pictures are blocked. <a href="/messages/${id}?remote=1">Show them</a></p>`;
  return html`${offer}<iframe title="The mail" src="/messages/${id}/html${foreign}"
    sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>`;
}

export function notFoundPage(): string {
  return frame(
    'Nothing here',
    html`<main><p class="empty">There is nothing here. <a href="/">To the inbox</a></p></main>`,
  );
}

function frame(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} · Everpost</title>
  <link rel="stylesheet" href="/inbox.css">
  <link rel="icon" href="/inbox.svg">
</head>
<body>${body}</body>
</html>`.markup;
}

const counted = (total: number) => (total === 1 ? '1 mail' : `${total.toLocaleString('en')} mails`);
export const isoTime = ({ receivedAt }: StoredMail) => `${new Date(receivedAt).toISOString().slice(0, 19)}+00:00`;
const shortTime = (mail: StoredMail) => isoTime(mail).slice(11, 19);
