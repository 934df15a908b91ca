import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { type RecipientReport, type ReportedDelivery, reportedDelivery } from '../../domain/delivery/evidence.js';

/** References in an inbound mail to one of our mails. None is trusted before its MAC is verified. */
interface MailReferences {
  /** Possible return paths, the most likely first. */
  readonly addresses: readonly string[];
  /** Message-IDs of the returned mail, without brackets. */
  readonly messageIds: readonly string[];
}

/** A mail that came in, classified. */
export type InboundMail = MailReferences &
  (
    | { readonly kind: 'delivery'; readonly verdict: ReportedDelivery }
    /** RFC 5965; `type` as registered: abuse, fraud, not-spam, opt-out … */
    | { readonly kind: 'feedback'; readonly type: string }
    /** A reply of an autoresponder; no report. */
    | { readonly kind: 'auto_reply' }
    /** A bounce in free text, perhaps; it changes nothing. */
    | { readonly kind: 'unparsed' }
  );

const OPTIONS = { forceRfc822Attachments: true, maxNestingDepth: 20, maxHeadersSize: 256 * 1024 } as const;
const MAX_PARTS = 50;
const MAX_REFERENCES = 20;

/** Parses a raw mail: DSN (RFC 3464), ARF (RFC 5965), or neither. Never throws for any input. */
export async function readInbound(raw: Buffer, envelopeTo: readonly string[] = []): Promise<InboundMail> {
  const mail = await parsed(raw);
  if (mail === undefined) return { kind: 'unparsed', addresses: [...envelopeTo], messageIds: [] };
  const parts = mail.attachments.slice(0, MAX_PARTS);
  const status = fieldsIn(parts, /^message\/(?:global-)?delivery-status$/);
  const feedback = fieldsIn(parts, /^message\/feedback-report$/);
  const returned = fieldsIn(
    parts,
    /^(?:message\/(?:global|rfc822)|message\/global-headers|text\/rfc822-headers)$/,
  ).slice(0, 1);
  const references = referencesIn({ mail, envelopeTo, about: [...feedback.slice(0, 1), ...returned] });
  const type = feedback[0]?.get('feedback-type')?.toLowerCase();
  if (type !== undefined) return { ...references, kind: 'feedback', type };
  const verdict = reportedDelivery(status.flatMap(reportIn));
  if (verdict !== undefined) return { ...references, kind: 'delivery', verdict };
  return { ...references, kind: isAutoReply(mail) ? 'auto_reply' : 'unparsed' };
}

async function parsed(raw: Buffer): Promise<Email | undefined> {
  try {
    return await PostalMime.parse(raw, OPTIONS);
  } catch {
    return undefined;
  }
}

function fieldsIn(parts: readonly Attachment[], type: RegExp): Fields[] {
  return parts.filter(({ mimeType }) => type.test(mimeType.toLowerCase())).flatMap((part) => fieldGroups(textOf(part)));
}

function textOf({ content }: Attachment): string {
  return typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('latin1');
}

/** The first group of a DSN describes the mail as a whole and has no action. */
function reportIn(fields: Fields): RecipientReport[] {
  const action = /^[a-z-]+/.exec(fields.get('action')?.toLowerCase() ?? '')?.[0];
  if (action === undefined) return [];
  const status = /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(fields.get('status') ?? '')?.[0] ?? null;
  return [{ action, status, diagnostic: fields.get('diagnostic-code') ?? null }];
}

interface ReferenceSources {
  readonly mail: Email;
  readonly envelopeTo: readonly string[];
  /** The fields of a feedback report and of the returned mail. */
  readonly about: readonly Fields[];
}

const OUTER_FIELDS = ['to', 'delivered-to', 'x-original-to', 'envelope-to'];
const RETURNED_FIELDS = ['original-mail-from', 'return-path', 'x-mailfrom', 'list-unsubscribe'];

function referencesIn({ mail, envelopeTo, about }: ReferenceSources): MailReferences {
  const outer = mail.headers.filter(({ key }) => OUTER_FIELDS.includes(key)).map(({ value }) => value);
  const inner = about.flatMap((fields) => RETURNED_FIELDS.map((name) => fields.get(name) ?? ''));
  const addresses = [...envelopeTo, ...outer, ...inner].flatMap(
    (text) => text.match(/[\w.+-]{3,64}@[\w.-]{1,253}/g) ?? [],
  );
  const messageIds = about.flatMap((fields) => /<([^<>\s]{3,250})>/.exec(fields.get('message-id') ?? '')?.[1] ?? []);
  return {
    addresses: [...new Set(addresses)].slice(0, MAX_REFERENCES),
    messageIds: messageIds.slice(0, MAX_REFERENCES),
  };
}

/** RFC 3834 §5, and older conventions. */
function isAutoReply({ headers }: Email): boolean {
  const value = (name: string) => headers.find(({ key }) => key === name)?.value.toLowerCase();
  const submitted = value('auto-submitted');
  if (submitted !== undefined && !submitted.startsWith('no')) return true;
  return value('x-autoreply') !== undefined || value('precedence') === 'auto_reply';
}

/** Field names in lower case; of several fields with one name the first is kept. */
type Fields = ReadonlyMap<string, string>;

const MAX_GROUPS = 50;
const MAX_FIELDS = 100;
const LONGEST_VALUE = 2_000;

/** Groups of header-like fields with empty lines between them (RFC 3464 §2.1, RFC 5965 §3), unfolded. */
function fieldGroups(text: string): Fields[] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n(?:[ \t]*\n)+/, MAX_GROUPS)
    .map(fieldsOf)
    .filter((fields) => fields.size > 0);
}

function fieldsOf(block: string): Fields {
  const fields = new Map<string, string>();
  for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n', MAX_FIELDS)) {
    const [, name, value = ''] = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line) ?? [];
    if (name === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), value.trim().slice(0, LONGEST_VALUE));
  }
  return fields;
}
