import type { Email } from 'postal-mime';
import type { RecipientReport } from '../../domain/delivery/evidence.js';
import { namedRecipient } from './named-recipient.js';
import { reasonIn } from './reason.js';

/** Bytes, lines and line lengths of a report in free text that are read; the returned mail follows after these. */
const LONGEST_TEXT = 32 * 1024;
const MOST_LINES = 500;
const LONGEST_LINE = 1_000;

/** A text part, divided where the returned mail begins. */
export interface ReportText {
  readonly lines: readonly string[];
  /** The returned mail or its header, as quoted in the text. */
  readonly returned: string;
}

const MAIL_SYSTEM =
  /^(?:mailer-?daemon|mail-?daemon|daemon|mdaemon|poo?st_?master|sysadmin|mailerdaemon|mail-?delivery|bounces?|emailsystem)\b|\bmailer-?daemon\b/i;
const MAIL_SYSTEM_NAME =
  /\bmail delivery (?:sub)?system\b|\bmail(?:er)?[- ]daemon\b|\bpostmaster\b|\bmail administrator\b|\bmail server\b/i;
const FAILURE_SUBJECT =
  /^(?:\W*)(?:undeliver|undelivered|non-?deliver|delivery (?:status|failure|failed|has failed|notification|error|report|problem)|failure notice|failed|mail (?:system )?(?:delivery|failure|failed|error|could not)|message (?:could not|undeliver|delivery|not delivered)|returned (?:e?-?mail|to sender|message)|warning: (?:message|could not)|error (?:delivering|sending)|could not (?:be delivered|send)|unable to deliver|your (?:e?-?mail|message) .{0,40}(?:not|could|cannot|fail)|unzustellbar|mail delivery|onbestelbaar|не доставлено)/i;
const OPENING =
  /\bthis is the \S+ program\b|\bmessage (?:that )?you sent (?:could|was|can|to)|\b(?:could|can) ?not be delivered\b|\b(?:unable|not able|wasn't able|failed) to deliver\b|\bdelivery (?:to .{0,60})?(?:has )?failed\b|\bwas undeliverable\b|\bdid not reach the following\b|\bautomatically (?:created|generated) by (?:the )?mail/i;

/** Whether a mail system wrote the mail; a person who writes about a bounce is none. */
export function isFromMailSystem({ headers, from, subject, text }: Email): boolean {
  if (headers.some(({ key }) => key === 'x-failed-recipients')) return true;
  const address = from && 'address' in from ? (from.address ?? '') : '';
  if (MAIL_SYSTEM.test(address) || MAIL_SYSTEM_NAME.test(from?.name ?? '')) return true;
  return FAILURE_SUBJECT.test((subject ?? '').slice(0, 300)) && OPENING.test((text ?? '').slice(0, 3_000));
}

/**
 * The report in a mail without machine-readable parts: one recipient, by its place in the text, and a phrase that the
 * table of refusals knows. Undefined if the text names several recipients, or no reason.
 */
export function reportInText(mail: Email, { lines }: ReportText): RecipientReport | undefined {
  const recipient = namedRecipient(mail, lines);
  if (recipient === undefined) return undefined;
  const isDelay = saysItIsDelayed(mail.subject ?? '', lines);
  const reason = reasonIn(lines, isDelay);
  if (reason === undefined) return undefined;
  return { action: isDelay ? 'delayed' : 'failed', status: null, diagnostic: reason, recipient };
}

const NOT_DELIVERED =
  /\bfailed permanently\b|\bdelivery (?:has )?failed\b|\bnot (?:be )?delivered\b|\bdid not (?:receive|reach)\b|\bundeliverable\b/i;

/** The failure that a report without a reason tells: one recipient named, and no delay. */
export function failureInText(mail: Email, { lines }: ReportText): RecipientReport | undefined {
  const recipient = namedRecipient(mail, lines);
  if (recipient === undefined || saysItIsDelayed(mail.subject ?? '', lines)) return undefined;
  const hasFailed = NOT_DELIVERED.test(lines.slice(0, 30).join(' ').slice(0, 3_000));
  return hasFailed ? { action: 'failed', status: null, diagnostic: null, recipient } : undefined;
}

const DELAYED =
  /\bdelay(?:ed)?\b|\bwarning\b|\bnot yet been delivered\b|\b(?:will|we'll) (?:be |keep |continue )(?:to )?(?:retr|try|attempt)|\bcontinue to (?:try|attempt)|\bstill being (?:re)?tried\b|\bno action is required\b|\b(?:do not|don't) need to (?:resend|do)\b/i;
const GIVEN_UP =
  /\bpermanent(?:ly)?\b|\bgiv(?:en|ing|e) up\b|\bno longer (?:be )?(?:try|tried|retried)\b|\bfinal(?:ly)? failed\b|\bfailed\b|\bcould not be delivered\b/i;

function saysItIsDelayed(subject: string, lines: readonly string[]): boolean {
  const start = `${subject} ${lines.slice(0, 30).join(' ')}`.slice(0, 3_000);
  return DELAYED.test(start) && !GIVEN_UP.test(start);
}

const RETURNED =
  /^\s*[-=*_]{2,}.{0,80}\b(?:original|copy|returned|unsent|undelivered|below this line|rejected message|your message|message (?:headers?|text|body|contents?|follows)|headers?)\b.{0,80}$|^\s*(?:the )?(?:original|returned|rejected|undelivered|unsent) (?:e?-?mail|message)(?: (?:headers?|follows|is below|text))*\s*:?\s*$|^\s*(?:message|original|e?-?mail) headers?(?: follows?)?\s*:?\s*$|^begin forwarded message/i;
const SURE_HEADER = /^(?:received|return-path|message-id|mime-version|dkim-signature|x-originating-ip)[ \t]*:/i;
const ANY_HEADER = /^[A-Za-z][\w-]{1,60}[ \t]*:/;

/** The text of a mail in lines, up to the returned mail. */
export function reportText({ text, html }: Pick<Email, 'text' | 'html'>): ReportText {
  const whole = (text ?? '').trim() === '' ? textOfHtml(html ?? '') : (text ?? '');
  const all = whole.slice(0, 4 * LONGEST_TEXT).split(/\r\n?|\n/, 4 * MOST_LINES);
  const end = all.findIndex((line, i) => RETURNED.test(line.slice(0, 300)) || beginsHeader(all, i));
  const own = end < 0 ? all : all.slice(0, end);
  const lines = own.slice(0, MOST_LINES).map((line) => line.slice(0, LONGEST_LINE));
  return { lines: upTo(LONGEST_TEXT, lines), returned: end < 0 ? '' : all.slice(end).join('\n') };
}

/** A header of a mail, and not a list of facts: three fields in a row, one of which no report writes about a mail. */
function beginsHeader(lines: readonly string[], at: number): boolean {
  if (!ANY_HEADER.test(lines[at] ?? '')) return false;
  const block = lines.slice(at, at + 12);
  const end = block.findIndex((line) => line.trim() === '');
  const fields = (end < 0 ? block : block.slice(0, end)).filter((line) => ANY_HEADER.test(line));
  return fields.length >= 3 && fields.some((line) => SURE_HEADER.test(line));
}

function upTo(bytes: number, lines: readonly string[]): string[] {
  let left = bytes;
  return lines.filter((line) => {
    left -= line.length + 1;
    return left >= 0;
  });
}

function textOfHtml(html: string): string {
  return html
    .slice(0, 4 * LONGEST_TEXT)
    .replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h\d|\/td)\b[^<>]{0,200}>/gi, '\n')
    .replace(/<[^<>]{0,2000}>/g, ' ')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&(?:nbsp|#160);/gi, ' ')
    .replace(/&quot;/gi, '"')
    .replace(/&#39;|&apos;/gi, "'")
    .replace(/&amp;/gi, '&');
}
