import { valuesOf } from '../../domain/mail/custom-headers.js';
import type { Mailbox, MessageContent, MessageRole } from '../../domain/message/message.js';
import { parseMailbox } from '../address.js';
import { insertAtBodyStart, previewBlock } from '../letter/document.js';
import type { SplicedMail, Unrenderable } from '../letter/letter.js';
import { addressesIn } from '../letter/links/address-grammar.js';
import { envelopeAddress } from '../letter/splice.js';
import { type TextPart, textPartOf } from '../letter/text/text-part.js';
import { type TrackingLinks, trackedHtml, trackedText } from '../letter/tracking.js';
import { escapeHtml } from '../liquid/engine.js';
import { customField, mailboxesField, mailboxField, oneLine, textField } from '../mime/headers.js';
import { filePart, type MimePart, multiPart, partBytes, textPart } from '../mime/parts.js';

/** One recipient's mail of a transactional message, before it is composed. */
export interface MessageDraft {
  /** The row's UUID. The Message-ID is made from it, so it is the same at every attempt. */
  readonly id: string;
  readonly account: number;
  readonly content: MessageContent;
  /** As `messageBodies` has made them already. */
  readonly bodies?: MessageBodies;
  /** The recipient of this copy; the header shows `content.to`. */
  readonly to: Mailbox;
  readonly role: MessageRole;
  /** Bytes of an attachment by their SHA-256, as stored when the message was accepted. */
  readonly file: (sha256: string) => Promise<Buffer>;
  /** The tracked links; absent: the message is not tracked. */
  readonly trackingLinks?: TrackingLinks;
  /** Set for mails whose recipients may opt out of the mails of an API key. */
  readonly optOut?: OptOut;
}

interface OptOut {
  /** The one-click link. */
  readonly url: string;
  /** The address that bounces and complaints are sent to; absent: the sender's. */
  readonly reportsTo?: string;
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
  const files = await Promise.all(
    draft.content.attachments.map(async (file) => filePart({ ...file, bytes: await draft.file(file.sha256) })),
  );
  const head = [
    ...addressFields(draft.content, from),
    textField('Subject', draft.content.subject),
    ...valuesOf(draft.content.headers).map(([name, value]) => customField(name, value)),
    ...systemFields(draft, from),
    `Message-ID: ${messageId}\r\n`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}\r\n`,
    'MIME-Version: 1.0\r\n',
  ];
  const chunks = [Buffer.from(head.join(''), 'latin1'), ...partBytes(bodyOf(draft, files), draft.id)];
  return { kind: 'mail', envelope: { from, to }, messageId, chunks };
}

/** The same at every attempt, so that a repeated mail can be recognised. */
export function messageIdOn(id: string, senderDomain: string): string {
  return `<${id}@${senderDomain}>`;
}

function addressFields({ from, to, cc, reply_to }: MessageContent, fromAddress: string): string[] {
  const shown = cc.flatMap((mailbox) => shownMailbox(mailbox));
  return [
    mailboxField('From', from.name, fromAddress),
    mailboxesField('To', shownMailbox(to)),
    ...(shown.length > 0 ? [mailboxesField('Cc', shown)] : []),
    ...(reply_to === null ? [] : shownMailbox(reply_to).map((reply) => mailboxesField('Reply-To', [reply]))),
  ];
}

/** A mailbox as a header field shows it; none if it needs SMTPUTF8 (RFC 6531 §3.1): no mail is sent to it either. */
function shownMailbox({ name, email }: Mailbox): { name: string | null; address: string }[] {
  const address = parseMailbox(email);
  return address?.ascii === true ? [{ name, address: address.envelope }] : [];
}

/** Inline files belong to the HTML that shows them; without HTML they are files as any other. */
function bodyOf(draft: MessageDraft, files: readonly MimePart[]): MimePart {
  const { content, bodies = messageBodies(content), trackingLinks } = draft;
  const { html, text } = withTracking(bodies, trackingLinks);
  if (html === null) return multiPart('mixed', [textPart('plain', text), ...files]);
  const isInline = (_: MimePart, i: number) => typeof content.attachments[i]?.cid === 'string';
  const related = multiPart('related', [textPart('html', html), ...files.filter(isInline)]);
  const both = multiPart('alternative', [textPart('plain', text), related]);
  return multiPart('mixed', [both, ...files.filter((file, i) => !isInline(file, i))]);
}

function withTracking(bodies: MessageBodies, trackingLinks: TrackingLinks | undefined) {
  if (trackingLinks === undefined) return bodies;
  const html = bodies.html === null ? null : trackedHtml(bodies.html, trackingLinks);
  return { html, text: trackedText(bodies, trackingLinks) };
}

/**
 * Auto-Submitted prevents automatic replies (RFC 3834); a caller who may set any field may set the first two. Feedback-ID as
 * in Google's feedback loop: stream, account, sender.
 */
function systemFields({ id, account, content, optOut }: MessageDraft, from: string): string[] {
  const given = new Set(Object.keys(content.headers).map((name) => name.toLowerCase()));
  const replaceable = [
    ['Auto-Submitted', 'auto-generated'],
    ['X-Auto-Response-Suppress', 'OOF, AutoReply'],
  ] as const;
  return [
    ...replaceable.filter(([name]) => !given.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}\r\n`),
    `Feedback-ID: message:transactional:${account}:everpost\r\n`,
    ...(optOut === undefined ? [] : optOutFields(id, from, optOut)),
  ];
}

/**
 * One-click unsubscribe without a page (RFC 2369, RFC 8058), where reports go, and the type of the mail for the statistics of
 * Mail.ru.
 */
function optOutFields(id: string, from: string, { url, reportsTo = from }: OptOut): string[] {
  return [
    `List-Unsubscribe: <${url}>\r\n`,
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n',
    `Errors-To: ${reportsTo}\r\n`,
    `X-Complaints-To: ${reportsTo}\r\n`,
    'Precedence: bulk\r\n',
    `X-SenderName-MailID: ${id}\r\n`,
    'X-Mailru-Msgtype: transactional\r\n',
    'X-Postmaster-Msgtype: transactional\r\n',
  ];
}

/** The two body parts of a message. */
export interface MessageBodies extends TextPart {
  readonly html: string | null;
}

/** Returns the HTML with its preheader, and the text part. A missing text part is made from the HTML. */
export function messageBodies({ html, text, text_links, text_part, preheader }: MessageContent): MessageBodies {
  const bare = html === null ? null : plain(html);
  return {
    html: bare === null ? null : insertAtBodyStart(bare, preview(preheader)),
    ...(text === null ? (text_part ?? textPartOf(bare ?? '')) : givenText(text, text_links)),
  };
}

/** The addresses in a text of the caller's are found; where those of a text stand that was made from HTML is known. */
function givenText(given: string, known: TextPart['links'] | undefined): TextPart {
  if (known !== undefined) return { text: given, links: known };
  const text = plain(given);
  return { text, links: addressesIn(text) };
}

function preview(preheader: string | null): string {
  const text = oneLine(preheader ?? '');
  return text === '' ? '' : previewBlock(escapeHtml(text));
}

/** Converts line breaks to LF and drops control characters, which mail clients do not show. */
export function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}
