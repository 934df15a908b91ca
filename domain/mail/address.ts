/** A parsed mailbox; the domain is as written. */
export interface Mailbox {
  readonly local: string;
  readonly domain: string;
}

/** RFC 5321 §4.5.3.1: octets, counted with the domain as A-label. */
const LONGEST_LOCAL = 64;
const LONGEST_ADDRESS = 254;

/** A dot-atom of RFC 5322 §3.2.3 with the characters RFC 6532 adds; quoted local parts and comments are refused. */
const LOCAL = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** Letters, marks and digits of any script, dots and hyphens; `isHostname` checks the structure. */
const DOMAIN = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Parses one plain `local@domain`, without display name, list, route or comment. */
export function splitMailbox(text: string): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  return LOCAL.test(local) && DOMAIN.test(domain) ? { local, domain } : undefined;
}

/** Whether an A-label domain can be looked up: at least two labels, the last one not a number (that would be an IP). */
export function isHostname(ascii: string): boolean {
  const labels = ascii.split('.');
  return (
    ascii.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

/** Whether SMTP can carry the address (lengths in octets). */
export function fitsSmtp(local: string, asciiDomain: string): boolean {
  const octets = utf8Length(local);
  return octets <= LONGEST_LOCAL && octets + 1 + asciiDomain.length <= LONGEST_ADDRESS;
}

/**
 * The identity of an address: domain as A-label, the whole address in lower case. Spellings with one identity are one
 * person.
 */
export function identityOf(local: string, asciiDomain: string): string {
  return `${local.normalize('NFC').toLowerCase()}@${asciiDomain.toLowerCase()}`;
}

/** Servers without SMTPUTF8 cannot accept such a local part, and it has no ASCII form (RFC 6531). */
export function needsSmtpUtf8(local: string): boolean {
  return !/^[!-~]*$/.test(local);
}

/** The first letter and the domain: its owner recognises the address, others cannot read it. */
export function masked(email: string): string {
  const at = email.lastIndexOf('@');
  return `${[...email].slice(0, 1).join('')}•••${email.slice(at)}`;
}

function utf8Length(text: string): number {
  let octets = 0;
  for (const char of text) octets += utf8Octets(char.codePointAt(0) ?? 0);
  return octets;
}

function utf8Octets(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x1_0000 ? 3 : 4;
}
