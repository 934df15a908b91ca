import { createHmac, timingSafeEqual } from 'node:crypto';
import { fromBase32, toBase32 } from './base32.js';
import { type LinkKey, type LinkOwner, linkTokens } from './tokens.js';

/** What an address of ours stands for. */
export type AddressOwner =
  /** One recipient of a campaign: reports about that mail come here. */
  | ({ readonly kind: 'recipient' } & LinkOwner)
  /** One transactional message. */
  | { readonly kind: 'message'; readonly message: string }
  /** Whoever writes here leaves the list: the `mailto:` of List-Unsubscribe. */
  | ({ readonly kind: 'leave' } & LinkOwner);

export interface ReturnPaths {
  /** The envelope sender's local part for one recipient of a campaign: 47 octets, no address in it. */
  forRecipient(campaign: number, subscriber: number): string;
  /** The same for a message (a UUID): 54 octets. */
  forMessage(message: string): string;
  /** What a local part stands for, in any case; undefined for anything that this ring did not sign. */
  read(local: string): AddressOwner | undefined;
}

const RECIPIENT = 1;
const MESSAGE = 2;
/** 96 bits, as in links. */
const MAC_OCTETS = 12;
const SHAPE = /^b\+([a-z2-7]{24}|[a-z2-7]{31})\.([a-z2-7]{20})$/i;
const LEAVING = /^u\+([a-z2-7]{44})$/i;

/**
 * Return paths (VERP): `b+<what>.<mac>@…`. The MAC is one of its own, so that whoever holds a link, from a mail that was
 * forwarded to them, cannot report a bounce; and whoever reads an address in a log of some server cannot unsubscribe.
 */
export function returnPaths(ring: readonly LinkKey[]): ReturnPaths {
  const current = ring.find((entry) => entry.current);
  if (current === undefined) throw new Error('the key ring for return paths has no current key');
  const keys = new Map(ring.map((entry) => [entry.kid, entry.key]));
  const links = linkTokens(ring);
  const signed = (what: Buffer) => `b+${toBase32(what)}.${toBase32(mac(current.key, what))}`;
  return {
    forRecipient: (campaign, subscriber) => {
      const what = headed(RECIPIENT, current.kid, 12);
      what.writeUIntBE(campaign, 3, 6);
      what.writeUIntBE(subscriber, 9, 6);
      return signed(what);
    },
    forMessage: (message) => {
      const what = headed(MESSAGE, current.kid, 16);
      what.write(message.replaceAll('-', ''), 3, 'hex');
      return signed(what);
    },
    read: (local) => {
      const leaving = LEAVING.exec(local);
      if (leaving !== null) return leaver(links.read(fromBase32(leaving[1] ?? '')?.toString('base64url') ?? ''));
      const [, first = '', second = ''] = SHAPE.exec(local) ?? [];
      const [what, given] = [fromBase32(first), fromBase32(second)];
      return what === undefined || given === undefined ? undefined : checked(keys, what, given);
    },
  };
}

/** The local part behind the `mailto:` of List-Unsubscribe: the link's token in letters that survive a change of case. */
export function leavingAddress(token: string): string {
  return `u+${toBase32(Buffer.from(token, 'base64url'))}`;
}

/**
 * The header field of leaving (RFC 2369, RFC 8058): the link, and where a bounce domain is set a `mailto:` in the same
 * field, for mail programs that know no https.
 */
export function listUnsubscribe(url: string, token: string, bounceDomain: string | null | undefined): string {
  const written = bounceDomain ? `,\r\n <mailto:${leavingAddress(token)}@${bounceDomain}?subject=unsubscribe>` : '';
  return `List-Unsubscribe: <${url}>${written}\r\n`;
}

function headed(kind: number, kid: number, octets: number): Buffer {
  const what = Buffer.alloc(3 + octets);
  what.writeUInt8(kind, 0);
  what.writeUInt16BE(kid, 1);
  return what;
}

function checked(keys: ReadonlyMap<number, Buffer>, what: Buffer, given: Buffer): AddressOwner | undefined {
  const key = what.length < 3 ? undefined : keys.get(what.readUInt16BE(1));
  if (key === undefined || given.length !== MAC_OCTETS || !timingSafeEqual(mac(key, what), given)) return undefined;
  if (what[0] === RECIPIENT && what.length === 15) {
    return { kind: 'recipient', campaign: what.readUIntBE(3, 6), subscriber: what.readUIntBE(9, 6) };
  }
  if (what[0] !== MESSAGE || what.length !== 19) return undefined;
  const hex = what.toString('hex', 3);
  return { kind: 'message', message: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
}

function leaver(owner: LinkOwner | undefined): AddressOwner | undefined {
  return owner && { kind: 'leave', ...owner };
}

function mac(key: Buffer, what: Buffer): Buffer {
  return createHmac('sha256', key).update('return path').update(what).digest().subarray(0, MAC_OCTETS);
}
