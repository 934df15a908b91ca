import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { isUnknownUser, lacksReason, type RecipientReport } from '../../domain/delivery/evidence.js';
import { type Fields, fieldGroups } from './fields.js';
import { failureInText, isFromMailSystem, type ReportText, reportInText, reportText } from './free-text.js';
import { isRefusedAfterRcpt, mailboxStateIn, reasonIn, withStage } from './reason.js';
import { type MailReferences, referencesIn } from './references.js';
import { reportIn } from './status-fields.js';

/** A mail that came in, classified. */
export type InboundMail = MailReferences &
  (
    | {
        readonly kind: 'delivery';
        readonly reports: readonly RecipientReport[];
        /** `text`: read from free text, which counts only for the recipient that it names. */
        readonly by: 'fields' | 'text';
      }
    /** RFC 5965; `type` as registered: abuse, fraud, not-spam, opt-out … */
    | { readonly kind: 'feedback'; readonly type: string }
    /** A complaint that encloses the mail and has no report of its own. */
    | { readonly kind: 'enclosed' }
    /** A reply of an autoresponder; no report. */
    | { readonly kind: 'auto_reply' }
    /** A bounce in free text, perhaps; it changes nothing. */
    | { readonly kind: 'unparsed' }
  );

const OPTIONS = { forceRfc822Attachments: true, maxNestingDepth: 20, maxHeadersSize: 256 * 1024 } as const;
const MAX_PARTS = 50;
const MAX_NESTED = 3;
const MAX_LINES = 1_000;
const STATUS = /^message\/(?:global-)?delivery-status$/;
const FEEDBACK = /^message\/feedback-report$/;
const RETURNED = /^(?:message\/(?:global|rfc822|partial)|message\/global-headers|text\/rfc822-headers)$/;

/** Parses a raw mail: DSN (RFC 3464), ARF (RFC 5965), a bounce in free text, or none of these. Never throws. */
export async function readInbound(raw: Buffer, envelopeTo: readonly string[] = []): Promise<InboundMail> {
  const mail = await parsed(raw);
  if (mail === undefined) return { kind: 'unparsed', addresses: [...envelopeTo], messageIds: [] };
  const parts = await withReport(mail);
  const status = fieldsIn(parts, STATUS);
  const feedback = fieldsIn(parts, FEEDBACK);
  const text = reportText(mail);
  const enclosed = fieldsIn(parts, RETURNED).slice(0, 1);
  const quoted = fieldGroups(text.returned).filter(isHeader).slice(0, 1);
  const references = referencesIn({ mail, envelopeTo, about: [...feedback.slice(0, 1), ...enclosed, ...quoted] });
  const type = feedback[0]?.get('feedback-type')?.toLowerCase();
  if (type !== undefined) return { ...references, kind: 'feedback', type };
  const reports = withReasons(status.flatMap(reportIn), text);
  if (reports.length > 0) return { ...references, kind: 'delivery', reports, by: 'fields' };
  const isReport = parts.some(isOfType(STATUS));
  const told = isReport || isFromMailSystem(mail) ? reportsInText(mail, text, isReport) : [];
  if (told.length > 0) return { ...references, kind: 'delivery', reports: told, by: 'text' };
  if (enclosed.length > 0 && isComplaint(mail, envelopeTo)) return { ...references, kind: 'enclosed' };
  return { ...references, kind: isAutoReply(mail) && !isFromMailSystem(mail) ? 'auto_reply' : 'unparsed' };
}

async function parsed(raw: Buffer | Uint8Array): Promise<Email | undefined> {
  try {
    return await PostalMime.parse(raw, OPTIONS);
  } catch {
    return undefined;
  }
}

/** The parts of a mail, or those of a report that it encloses. */
async function withReport(mail: Email): Promise<readonly Attachment[]> {
  const parts = mail.attachments.slice(0, MAX_PARTS);
  const isReport = (part: Attachment) => [STATUS, FEEDBACK].some((type) => isOfType(type)(part));
  if (parts.some(isReport)) return parts;
  for (const part of parts.filter(({ mimeType }) => /^message\/rfc822$/i.test(mimeType)).slice(0, MAX_NESTED)) {
    const enclosed = (await parsed(bytesOf(part)))?.attachments.slice(0, MAX_PARTS) ?? [];
    if (enclosed.some(isReport)) return enclosed;
  }
  return parts;
}

/** The fields of a report whose parts were lost on the way count as its text. */
function reportsInText(mail: Email, text: ReportText, isReport: boolean): readonly RecipientReport[] {
  const written = [...text.lines, ...text.returned.split('\n', MAX_LINES)];
  const start = written.findIndex((line) => /^(?:final-recipient|original-recipient|action)[ \t]*:/i.test(line));
  const reports = start < 0 ? [] : fieldGroups(written.slice(start).join('\n')).flatMap(reportIn);
  const named = reports.filter(({ recipient, original }) => (recipient ?? original) !== null);
  if (named.length > 0) return named.length === 1 ? named : [];
  return [reportInText(mail, text) ?? (isReport ? failureInText(mail, text) : undefined) ?? []].flat();
}

/**
 * The text of a report about a single recipient gives the reason where the fields have none, and the stage of the
 * refusal. If it says that the mailbox is full or disabled, that counts before the fields.
 */
function withReasons(reports: readonly RecipientReport[], { lines }: ReportText): readonly RecipientReport[] {
  const [report, ...others] = reports;
  if (report === undefined || others.length > 0 || report.action !== 'failed') return reports;
  if (lacksReason(report)) return [{ ...report, diagnostic: reasonIn(lines) ?? report.diagnostic }];
  if (!isUnknownUser(report)) return reports;
  const state = mailboxStateIn(lines);
  if (state !== undefined) return [{ ...report, status: null, diagnostic: state }];
  if (report.diagnostic === null || !isRefusedAfterRcpt(lines)) return reports;
  const staged = { ...report, diagnostic: withStage(report.diagnostic) };
  return isUnknownUser(staged) ? reports : [staged];
}

function fieldsIn(parts: readonly Attachment[], type: RegExp): Fields[] {
  return parts.filter(isOfType(type)).flatMap((part) => fieldGroups(textOf(part)));
}

function isOfType(type: RegExp): (part: Attachment) => boolean {
  return ({ mimeType }) => type.test(mimeType.toLowerCase());
}

function isHeader(fields: Fields): boolean {
  return ['message-id', 'return-path', 'received', 'from'].some((name) => fields.has(name));
}

function bytesOf({ content }: Attachment): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content as ArrayBuffer);
}

function textOf(part: Attachment): string {
  return typeof part.content === 'string' ? part.content : Buffer.from(bytesOf(part)).toString('latin1');
}

const COMPLAINT_ADDRESS = /^(?:fbl|abuse|complaints?)@/i;
const COMPLAINT_WORDS = /\b(?:complaints?|abuse|spam|junk|feedback|fbl)\b/i;

/** Feedback loops without a report write to the address for them, or say so in the header. */
function isComplaint(mail: Email, envelopeTo: readonly string[]): boolean {
  if (isFromMailSystem(mail) || isAutoReply(mail)) return false;
  const to = [...envelopeTo, ...(mail.to ?? []).map((one) => ('address' in one ? (one.address ?? '') : ''))];
  if (to.some((address) => COMPLAINT_ADDRESS.test(address))) return true;
  const from = mail.from && 'address' in mail.from ? (mail.from.address ?? '') : '';
  return COMPLAINT_WORDS.test(`${mail.subject ?? ''} ${mail.from?.name ?? ''} ${from}`.slice(0, 500));
}

/** RFC 3834 §5, and older conventions. */
function isAutoReply({ headers }: Email): boolean {
  const value = (name: string) => headers.find(({ key }) => key === name)?.value.toLowerCase();
  const submitted = value('auto-submitted');
  if (submitted !== undefined && !submitted.startsWith('no')) return true;
  return value('x-autoreply') !== undefined || value('precedence') === 'auto_reply';
}
