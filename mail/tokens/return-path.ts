import type { KeyRing } from './key-ring.js';
import { type LinkOwner, linkTokens } from './link-tokens.js';
import { type Purpose, payloadOctets, signedTokens } from './signed-token.js';

/** The owner of an address. */
export type AddressOwner =
  /** One recipient of a campaign: reports about that mail arrive here. */
  | { readonly kind: 'recipient'; readonly campaign: number; readonly subscriber: number }
  /** One transactional message. */
  | { readonly kind: 'message'; readonly message: string }
  /** The `mailto:` of List-Unsubscribe: a mail to it unsubscribes the recipient. */
  | ({ readonly kind: 'leave' } & LinkOwner);

/** Return paths (VERP): `b+<payload>.<mac>@…`. They contain no addresses. */
export interface ReturnPaths {
  /** The envelope sender's local part for one recipient of a campaign: 47 octets. */
  forRecipient(campaign: number, subscriber: number): string;
  /** The same for a message (a UUID): 54 octets. */
  forMessage(message: string): string;
  /** The owner of a local part, whatever its case; undefined if this ring did not sign it. */
  read(local: string): AddressOwner | undefined;
}

const RETURN_PATH = /^b\+([a-z2-7]{24}|[a-z2-7]{31})\.([a-z2-7]{20})$/i;
/** A link's token, without or with the time in it. */
const UNSUBSCRIBE = /^u\+([a-z2-7]{44}|[a-z2-7]{48})$/i;
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i;

/**
 * Tokens of return paths have their own purposes: a link in a forwarded mail cannot report a bounce, and an address in a
 * server's log cannot unsubscribe.
 */
export function returnPaths(ring: KeyRing): ReturnPaths {
  const { sign, verify } = signedTokens(ring);
  const links = linkTokens(ring);
  return {
    forRecipient: (campaign, subscriber) =>
      localPart('recipientReturnPath', sign('recipientReturnPath', [campaign, subscriber])),
    forMessage: (message) => localPart('messageReturnPath', sign('messageReturnPath', uuidFields(message))),
    read: (local) => {
      const unsubscribe = UNSUBSCRIBE.exec(local)?.[1];
      if (unsubscribe !== undefined) {
        const owner = links.read(fromBase32(unsubscribe)?.toString('base64url') ?? '');
        return owner && { kind: 'leave', ...owner };
      }
      const token = tokenOf(local);
      const recipient = token && verify('recipientReturnPath', token);
      if (recipient !== undefined) return { kind: 'recipient', campaign: recipient[0], subscriber: recipient[1] };
      const message = token && verify('messageReturnPath', token);
      return message && { kind: 'message', message: uuidOf(message) };
    },
  };
}

/**
 * The local part of the `mailto:` of List-Unsubscribe: the link's token, in base32 because mail systems may change its
 * case.
 */
export function unsubscribeAddress(token: string): string {
  return `u+${toBase32(Buffer.from(token, 'base64url'))}`;
}

/**
 * The header field for unsubscribing (RFC 2369, RFC 8058): the link and, where a bounce domain is set, a `mailto:` in the same
 * field for mail programs without https.
 */
export function listUnsubscribe(url: string, token: string, bounceDomain: string | null | undefined): string {
  const mailto = bounceDomain ? `,\r\n <mailto:${unsubscribeAddress(token)}@${bounceDomain}?subject=unsubscribe>` : '';
  return `List-Unsubscribe: <${url}>${mailto}\r\n`;
}

function localPart(purpose: Purpose, token: Buffer): string {
  const payload = payloadOctets(purpose);
  return `b+${toBase32(token.subarray(0, payload))}.${toBase32(token.subarray(payload))}`;
}

function tokenOf(local: string): Buffer | undefined {
  const [, first = '', second = ''] = RETURN_PATH.exec(local) ?? [];
  const [payload, mac] = [fromBase32(first), fromBase32(second)];
  return payload && mac && Buffer.concat([payload, mac]);
}

/** The 128 bits of a UUID as two numbers of 48 and one of 32. */
function uuidFields(uuid: string): readonly [number, number, number] {
  if (!UUID.test(uuid)) throw new RangeError('The id of a message must be a UUID.');
  const hex = uuid.replaceAll('-', '');
  const field = (from: number, to: number) => Number.parseInt(hex.slice(from, to), 16);
  return [field(0, 12), field(12, 24), field(24, 32)];
}

function uuidOf([first, second, third]: readonly [number, number, number]): string {
  const digits = (value: number, length: number) => value.toString(16).padStart(length, '0');
  const hex = `${digits(first, 12)}${digits(second, 12)}${digits(third, 8)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Base32 (RFC 4648) without padding, in lower case. It survives mail systems that change the case of an address. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const FORM = /^[a-z2-7]*$/i;

export function toBase32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

/** Ignores case. Undefined for any other text that `toBase32` does not produce. */
export function fromBase32(text: string): Buffer | undefined {
  if (!FORM.test(text)) return undefined;
  const octets: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.toLowerCase()) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets.push((held >>> bits) & 0xff);
  }
  const read = Buffer.from(octets);
  return toBase32(read) === text.toLowerCase() ? read : undefined;
}
