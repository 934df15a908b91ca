import MailComposer from 'nodemailer/lib/mail-composer';
import { valuesOf } from '../../domain/mail/custom-headers.js';
import type { Mailbox, MessageContent, MessageRole } from '../../domain/message/message.js';
import { parseMailbox } from '../address.js';
import { insertAtBodyStart, previewBlock, textFromHtml } from '../letter/document.js';
import type { SplicedMail, Unrenderable } from '../letter/letter.js';
import { envelopeAddress } from '../letter/splice.js';
import { type TrackingLinks, trackedHtml, trackedText } from '../letter/tracking.js';
import { escapeHtml } from '../liquid/engine.js';
import { oneLine, textField } from '../mime/headers.js';
import { quotedRun, withoutLeadingDots } from '../mime/quoted-printable.js';

/** One recipient's mail of a transactional message, before it is composed. */
export interface MessageDraft {
  /** The row's UUID. The Message-ID is made from it, so it is the same at every attempt. */
  readonly id: string;
  readonly account: number;
  readonly content: MessageContent;
  /** The recipient of this copy; the header shows `content.to`. */
  readonly to: Mailbox;
  readonly role: MessageRole;
  /** Bytes of an attachment by their SHA-256, as stored when the message was accepted. */
  readonly file: (sha256: string) => Promise<Buffer>;
  /** The tracked links; absent: the message is not tracked. */
  readonly trackingLinks?: TrackingLinks;
  /** The one-click opt-out link; absent: none. */
  readonly unsubscribeUrl?: string;
}

/**
 * Composes the mail for exactly one recipient. The header shows cc and never bcc. An unusable recipient or sender gives
 * `Unrenderable`; a missing file throws, because it was stored before the message was accepted.
 */
export async function composeMessage(draft: MessageDraft, at: Date): Promise<SplicedMail | Unrenderable> {
  const to = envelopeAddress(draft.to.email);
  if (typeof to !== 'string') return to;
  const from = envelopeAddress(draft.content.from.email);
  if (typeof from !== 'string') return from;
  const messageId = messageIdOn(draft.id, parseMailbox(from)?.domain ?? '');
  const files = await Promise.all(draft.content.attachments.map(({ sha256 }) => draft.file(sha256)));
  const composed = new MailComposer({ ...optionsFor(draft, files), messageId, date: at });
  const bytes = await composed.compile().build();
  return { kind: 'mail', envelope: { from, to }, messageId, chunks: [withoutLeadingDots(bytes)] };
}

/** The same at every attempt, so that a repeated mail can be recognised. */
export function messageIdOn(id: string, senderDomain: string): string {
  return `<${id}@${senderDomain}>`;
}

function optionsFor({ id, account, content, trackingLinks, unsubscribeUrl }: MessageDraft, files: readonly Buffer[]) {
  const { html, text } = withTracking(messageBodies(content), trackingLinks);
  return {
    from: mailboxOf(content.from),
    to: mailboxOf(content.to),
    ...(content.cc.length > 0 && { cc: content.cc.filter(({ email }) => parseMailbox(email)?.ascii).map(mailboxOf) }),
    ...(content.reply_to !== null && { replyTo: mailboxOf(content.reply_to) }),
    ...(html === null ? { text } : { text: encoded('text/plain', text), html: encoded('text/html', html) }),
    headers: [
      subject(content),
      ...customHeaders(content),
      ...systemHeaders(account),
      ...unsubscribeHeaders(unsubscribeUrl),
    ],
    attachments: content.attachments.map((ref, i) => ({
      filename: oneLine(ref.name),
      contentType: ref.mime,
      content: files[i] ?? Buffer.alloc(0),
      contentTransferEncoding: 'base64' as const,
      ...(ref.cid !== null && { cid: ref.cid, contentDisposition: 'inline' as const }),
    })),
    encoding: 'quoted-printable' as const,
    newline: 'windows',
    baseBoundary: id.replaceAll('-', ''),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function withTracking({ html, text }: MessageBodies, trackingLinks: TrackingLinks | undefined): MessageBodies {
  if (trackingLinks === undefined) return { html, text };
  return { html: html === null ? null : trackedHtml(html, trackingLinks), text: trackedText(text, trackingLinks) };
}

/** Encodes a part before nodemailer does: nodemailer takes several milliseconds for the quoted-printable of a page. */
function encoded(contentType: string, text: string) {
  const head = `Content-Type: ${contentType}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n`;
  return { contentType, raw: Buffer.concat([Buffer.from(head), quotedRun(text)]) };
}

function mailboxOf({ name, email }: Mailbox): { name: string; address: string } {
  return { name: oneLine(name ?? ''), address: parseMailbox(email)?.envelope ?? '' };
}

/** Encodes the subject as campaigns do, so that even a very long word is folded into valid lines. */
function subject(content: MessageContent) {
  const value = textField('Subject', content.subject).slice('Subject: '.length).trimEnd();
  return { key: 'Subject', value: { prepared: true, value } };
}

function customHeaders({ headers }: MessageContent) {
  return valuesOf(headers).map(([key, value]) => ({ key, value: oneLine(value) }));
}

/**
 * Auto-Submitted prevents automatic replies (RFC 3834). Feedback-ID as in Google's feedback loop: stream, account,
 * sender.
 */
function systemHeaders(account: number) {
  return [
    { key: 'Auto-Submitted', value: 'auto-generated' },
    { key: 'X-Auto-Response-Suppress', value: 'OOF, AutoReply' },
    { key: 'Feedback-ID', value: `message:transactional:${account}:everpost` },
  ];
}

/** One-click unsubscribe without a page (RFC 2369, RFC 8058). */
function unsubscribeHeaders(unsubscribeUrl: string | undefined) {
  if (unsubscribeUrl === undefined) return [];
  return [
    { key: 'List-Unsubscribe', value: { prepared: true, value: `<${unsubscribeUrl}>` } },
    { key: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
  ];
}

/** The two body parts of a message. */
interface MessageBodies {
  readonly html: string | null;
  readonly text: string;
}

/** Returns the HTML with its preheader, and the text part. A missing text part is made from the HTML. */
export function messageBodies({ html, text, preheader }: MessageContent): MessageBodies {
  const bare = html === null ? null : plain(html);
  return {
    html: bare === null ? null : insertAtBodyStart(bare, preview(preheader)),
    text: plain(text ?? textFromHtml(bare ?? '')),
  };
}

function preview(preheader: string | null): string {
  const text = oneLine(preheader ?? '');
  return text === '' ? '' : previewBlock(escapeHtml(text));
}

/** Converts line breaks to LF and drops control characters, which mail clients do not show. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}
