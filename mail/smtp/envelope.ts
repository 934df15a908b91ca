import type { SmtpReply } from '../../domain/delivery/outcome.js';
import type { SplicedMail } from '../letter/letter.js';
import type { Reply } from './reply-reader.js';

/** What the server offered in its last reply to EHLO. */
export interface Capabilities {
  readonly pipelining: boolean;
  /** RFC 1870: the largest mail in bytes; 0 for no limit, undefined where SIZE is not offered. */
  readonly size: number | undefined;
  readonly startTls: boolean;
  readonly smtpUtf8: boolean;
  /** RFC 3461. */
  readonly dsn: boolean;
  readonly auth: readonly string[];
}

/** Of a server that knows HELO only. */
export const NO_CAPABILITIES: Capabilities = {
  pipelining: false,
  size: undefined,
  startTls: false,
  smtpUtf8: false,
  dsn: false,
  auth: [],
};

/** The first line of the reply is the name of the server; each further line is a keyword and its arguments. */
export function capabilitiesIn({ lines }: Reply): Capabilities {
  const offered = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const [, keyword = '', rest = ''] = /^([A-Za-z0-9-]+)[ =]?(.*)$/s.exec(line) ?? [];
    const name = keyword.toUpperCase();
    // Some servers list AUTH twice, once as `AUTH=`.
    offered.set(name, name === 'AUTH' ? `${offered.get(name) ?? ''} ${rest}` : rest);
  }
  const size = offered.get('SIZE');
  return {
    pipelining: offered.has('PIPELINING'),
    size: size === undefined ? undefined : Number(/^\d{1,15}/.exec(size)?.[0] ?? 0),
    startTls: offered.has('STARTTLS'),
    smtpUtf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    auth: (offered.get('AUTH') ?? '').toUpperCase().split(/\s+/).filter(Boolean),
  };
}

/** The commands of one mail, one recipient each. */
export interface EnvelopeCommands {
  readonly mail: string;
  readonly rcpt: string;
}

const UNSAFE = /[\0- <>\x7f]/;
/** RFC 5321 §4.5.3.1.3 asks for 256 bytes. */
const LONGEST_ADDRESS = 512;
const NON_ASCII = /[^\0-\x7f]/;

/**
 * The commands for the envelope of a mail, or the refusal that the server would give (RFC 5321 §4.1.1, RFC 1870, RFC 6531,
 * RFC 3461). 8BITMIME is not asked for: every mail is encoded in 7 bits.
 */
export function envelopeCommands(
  { envelope: { from, to } }: Pick<SplicedMail, 'envelope'>,
  size: number,
  offered: Capabilities,
): EnvelopeCommands | SmtpReply {
  if (UNSAFE.test(from) || UNSAFE.test(to))
    return { code: 553, text: '5.1.3 the address contains a forbidden character' };
  if (from.length > LONGEST_ADDRESS || to.length > LONGEST_ADDRESS)
    return { code: 553, text: '5.1.3 the address is too long' };
  const international = NON_ASCII.test(from) || NON_ASCII.test(to);
  if (international && !offered.smtpUtf8) return { code: 553, text: '5.6.7 the server does not take such addresses' };
  if (offered.size !== undefined && offered.size > 0 && size > offered.size) {
    return { code: 552, text: '5.3.4 larger than the size the server announced' };
  }
  const parameters = [
    offered.size === undefined ? '' : ` SIZE=${size}`,
    international ? ' SMTPUTF8' : '',
    offered.dsn ? ' RET=HDRS' : '',
  ].join('');
  return { mail: `MAIL FROM:<${from}>${parameters}\r\n`, rcpt: `RCPT TO:<${to}>\r\n` };
}

/** What the replies to MAIL, RCPT and DATA mean together. `violation`: replies and commands are out of step. */
export type EnvelopeVerdict =
  | { readonly kind: 'go' | 'violation' }
  | { readonly kind: 'refused'; readonly reply: Reply; readonly next: 'reset' | 'lone_dot' | 'destroy' };

const VIOLATION: EnvelopeVerdict = { kind: 'violation' };

/**
 * The first failing reply decides, once the replies behind it agree with it: a server that sends a reply too many would
 * otherwise refuse the wrong mail. Commands behind a refusal are answered only where they were sent ahead.
 */
export function verdictOf(replies: readonly Reply[]): EnvelopeVerdict {
  const closing = replies.at(-1);
  if (closing?.code === 421) return { kind: 'refused', reply: closing, next: 'destroy' };
  const [mail, rcpt, data] = replies;
  if (mail === undefined) return VIOLATION;
  if (mail.code >= 400) {
    if (rcpt !== undefined && rcpt.code < 400) return VIOLATION;
    return refused(mail, data, 'destroy');
  }
  if (mail.code !== 250 || rcpt === undefined) return VIOLATION;
  if (rcpt.code >= 400) return refused(rcpt, data, 'lone_dot');
  if (![250, 251, 252].includes(rcpt.code) || data === undefined) return VIOLATION;
  if (data.code === 354) return { kind: 'go' };
  return data.code >= 400 ? { kind: 'refused', reply: data, next: 'reset' } : VIOLATION;
}

/** `after354`: what follows where the server wants the body of a refused mail nevertheless. */
function refused(reply: Reply, data: Reply | undefined, after354: 'lone_dot' | 'destroy'): EnvelopeVerdict {
  if (data?.code === 354) return { kind: 'refused', reply, next: after354 };
  return data === undefined || data.code >= 400 ? { kind: 'refused', reply, next: 'reset' } : VIOLATION;
}
