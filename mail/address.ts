import { domainToASCII } from 'node:url';
import { fitsSmtp, identityOf, isHostname, needsSmtpUtf8, splitMailbox } from '../domain/mail/address.js';

export interface Address {
  /** As given, without surrounding blanks. */
  readonly shown: string;
  /** Lower-cased, with the domain as A-label. Addresses with equal keys belong to the same person. */
  readonly identity: string;
  /** For the SMTP envelope: the local part as given, the domain as A-label. */
  readonly envelope: string;
  readonly domain: string;
  /** False where the address needs a server with SMTPUTF8. */
  readonly ascii: boolean;
}

/**
 * Parses a single mailbox: no display name, no list, at most 254 octets, 64 of them before the `@`. Undefined if
 * invalid.
 */
export function parseMailbox(text: string): Address | undefined {
  const shown = text.trim();
  const parts = splitMailbox(shown);
  if (parts === undefined) return undefined;
  const domain = domainToASCII(parts.domain);
  if (!isHostname(domain) || !fitsSmtp(parts.local, domain)) return undefined;
  return {
    shown,
    identity: identityOf(parts.local, domain),
    envelope: `${parts.local}@${domain}`,
    domain,
    ascii: !needsSmtpUtf8(parts.local),
  };
}

/** `Name <address>`, `"Name" <address>` or a bare address, as in MAIL_FROM; a quoted name may contain `\"`. */
export function parseSender(text: string): { readonly name: string; readonly email: string } | undefined {
  const named = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>]+)>$/.exec(text.trim());
  const address = parseMailbox(named?.[3] ?? text);
  if (address === undefined) return undefined;
  const quoted = named?.[1]?.replace(/\\(.)/g, '$1');
  const name = (quoted ?? named?.[2] ?? '').trim();
  // `ada@x, Zoe <zoe@x>` is two mailboxes, not one with a long name.
  const isList = quoted === undefined && /@.*[,;]/.test(name);
  return isList || /[\p{Cc}<>]/u.test(name) ? undefined : { name, email: address.shown };
}
