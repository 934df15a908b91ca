/** A caller's header fields by name; several fields of one name are a list, in order. */
export type CustomHeaders = Readonly<Record<string, string | string[]>>;

/** Each field as name and value. */
export function valuesOf(headers: CustomHeaders): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
}

/** Fields that Everpost sets; a caller's field of the same name is ignored. */
const OURS: ReadonlySet<string> = new Set([
  'from',
  'to',
  'cc',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'auto-submitted',
  'errors-to',
  'feedback-id',
  'precedence',
  'return-path',
  'x-auto-response-suppress',
  'x-complaints-to',
  'x-mailru-msgtype',
  'x-postmaster-msgtype',
  'x-sendername-mailid',
]);
const OUR_FAMILIES = ['content-', 'list-', 'mime-'];

/** Fields that Everpost sets also where a caller may set any other field. */
const ALWAYS_OURS: ReadonlySet<string> = new Set([
  'errors-to',
  'feedback-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'precedence',
  'return-path',
  'x-complaints-to',
  'x-mailru-msgtype',
  'x-postmaster-msgtype',
  'x-sendername-mailid',
]);
/** Fields that state what the mail consists of: they are made from the other parts of a request. */
const STRUCTURAL: ReadonlySet<string> = new Set([
  'cc',
  'content-disposition',
  'content-id',
  'content-length',
  'content-transfer-encoding',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
]);

/** Fields that would change the recipients of the mail, or forge the statements of a server. */
const DANGEROUS: ReadonlySet<string> = new Set([
  'apparently-to',
  'authentication-results',
  'bcc',
  'delivered-to',
  'disposition-notification-to',
  'envelope-to',
  'received',
  'received-spf',
  'return-receipt-to',
  'sender',
  'x-envelope-from',
  'x-envelope-to',
  'x-original-to',
  'x-rcpt-to',
]);
/** Requests for a receipt: of the dangerous fields, the ones that a caller who may set any field may set. */
const RECEIPTS: ReadonlySet<string> = new Set(['disposition-notification-to', 'return-receipt-to']);
const DANGEROUS_FAMILIES = ['arc-', 'dkim-', 'domainkey-', 'resent-'];

/** Allowed besides `X-…`: fields that only inform the reader of the mail (RFC 5322, RFC 2156). */
const HARMLESS: ReadonlySet<string> = new Set([
  'comments',
  'importance',
  'in-reply-to',
  'keywords',
  'organization',
  'priority',
  'references',
  'sensitivity',
  'thread-index',
  'thread-topic',
]);
/** Besides `X-…`, fields that may occur several times (RFC 5322 §3.6). */
const MANY: ReadonlySet<string> = new Set(['comments', 'keywords']);
/** Structured fields: encoded words are not allowed in them (RFC 2047 §5). */
const IDS_ONLY: ReadonlySet<string> = new Set(['in-reply-to', 'references']);

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,74}[A-Za-z0-9])?$/;
const MESSAGE_IDS = /^<[!-;=?-~]{1,250}>(?: <[!-;=?-~]{1,250}>){0,49}$/;
export const LONGEST_HEADER = 2_000;

/** The reason why a caller's header field is refused. */
export type HeaderFault = 'ours' | 'structural' | 'dangerous' | 'unknown' | 'malformed' | 'repeated';

/** `known`: fields that only inform the reader. `any`: every field that neither Everpost sets nor does harm. */
export type HeaderRules = 'known' | 'any';

/** Undefined if fields of this name are allowed. */
export function headersFault(
  name: string,
  values: string | readonly string[],
  rules: HeaderRules = 'known',
): HeaderFault | undefined {
  const all = [values].flat();
  const fault = all.map((value) => headerFault(name, value, rules)).find((found) => found !== undefined);
  if (fault !== undefined) return fault;
  const key = name.toLowerCase();
  return all.length > 1 && !key.startsWith('x-') && !MANY.has(key) ? 'repeated' : undefined;
}

/** Undefined if the field is allowed. */
export function headerFault(name: string, value: string, rules: HeaderRules = 'known'): HeaderFault | undefined {
  const key = name.toLowerCase();
  if (!NAME.test(name)) return 'malformed';
  if (isDangerous(key) && !(rules === 'any' && RECEIPTS.has(key))) return 'dangerous';
  const fault = rules === 'any' ? reservedFault(key) : unknownFault(key);
  if (fault !== undefined) return fault;
  if (!isLine(value)) return 'malformed';
  return IDS_ONLY.has(key) && !MESSAGE_IDS.test(value) ? 'malformed' : undefined;
}

function isDangerous(key: string): boolean {
  return DANGEROUS.has(key) || within(DANGEROUS_FAMILIES, key);
}

function reservedFault(key: string): HeaderFault | undefined {
  if (ALWAYS_OURS.has(key)) return 'ours';
  return STRUCTURAL.has(key) ? 'structural' : undefined;
}

function unknownFault(key: string): HeaderFault | undefined {
  if (OURS.has(key) || within(OUR_FAMILIES, key)) return 'ours';
  return key.startsWith('x-') || HARMLESS.has(key) ? undefined : 'unknown';
}

function within(families: readonly string[], key: string): boolean {
  return families.some((family) => key.startsWith(family));
}

/** Bidi controls are removed from a header, so a value of them alone is empty. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;

/** Whether the text can be folded: RFC 5322 §2.1.1 limits a line to 998 characters, including the name. */
function isLine(value: string): boolean {
  const fits = value.replace(BIDI_CONTROLS, '').trim() !== '' && value.length <= LONGEST_HEADER;
  return fits && !/[\p{Cc}\p{Cs}\u2028\u2029]|\S{901}/u.test(value);
}

export const HEADER_SENTENCES: Readonly<Record<HeaderFault, string>> = {
  ours: 'is a field that Everpost sets itself',
  structural: 'is made from the other fields of the request',
  dangerous: 'is a field that no caller may set',
  unknown: 'is not one of the fields that may be set; names that begin with X- are',
  repeated: 'may stand in a mail once',
  malformed: `must be a field name and one line of at most ${LONGEST_HEADER} characters`,
};
