import { createHmac, timingSafeEqual } from 'node:crypto';
import { fromBase32, toBase32 } from './base32.js';
import { type LinkKey, type LinkOwner, linkTokens } from './link-tokens.js';

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
const UNSUBSCRIBE_SHAPE = /^u\+([a-z2-7]{44})$/i;

/**
 * Return paths (VERP): `b+<what>.<mac>@…`. The MAC is one of its own, so that whoever holds a link, from a mail that was
 * forwarded to them, cannot report a bounce; and whoever reads an address in a log of some server cannot unsubscribe.
 */
export function returnPaths(ring: readonly LinkKey[]): ReturnPaths {
  const current = ring.find((entry) => entry.current);
  if (current === undefined) throw new Error('the key ring for return paths has no current key');
  const keys = new Map(ring.map((entry) => [entry.kid, entry.key]));
  const links = linkTokens(ring);
  const signed = (payload: Buffer) => `b+${toBase32(payload)}.${toBase32(mac(current.key, payload))}`;
  return {
    forRecipient: (campaign, subscriber) => {
      const payload = headed(RECIPIENT, current.kid, 12);
      payload.writeUIntBE(campaign, 3, 6);
      payload.writeUIntBE(subscriber, 9, 6);
      return signed(payload);
    },
    forMessage: (message) => {
      const payload = headed(MESSAGE, current.kid, 16);
      payload.write(message.replaceAll('-', ''), 3, 'hex');
      return signed(payload);
    },
    read: (local) => {
      const unsubscribe = UNSUBSCRIBE_SHAPE.exec(local);
      if (unsubscribe !== null)
        return unsubscriber(links.read(fromBase32(unsubscribe[1] ?? '')?.toString('base64url') ?? ''));
      const [, first = '', second = ''] = SHAPE.exec(local) ?? [];
      const [payload, given] = [fromBase32(first), fromBase32(second)];
      return payload === undefined || given === undefined ? undefined : checked(keys, payload, given);
    },
  };
}

/** The local part behind the `mailto:` of List-Unsubscribe: the link's token in letters that survive a change of case. */
export function unsubscribeAddress(token: string): string {
  return `u+${toBase32(Buffer.from(token, 'base64url'))}`;
}

/**
 * The header field of leaving (RFC 2369, RFC 8058): the link, and where a bounce domain is set a `mailto:` in the same
 * field, for mail programs that know no https.
 */
export function listUnsubscribe(url: string, token: string, bounceDomain: string | null | undefined): string {
  const mailto = bounceDomain ? `,\r\n <mailto:${unsubscribeAddress(token)}@${bounceDomain}?subject=unsubscribe>` : '';
  return `List-Unsubscribe: <${url}>${mailto}\r\n`;
}

function headed(kind: number, kid: number, octets: number): Buffer {
  const payload = Buffer.alloc(3 + octets);
  payload.writeUInt8(kind, 0);
  payload.writeUInt16BE(kid, 1);
  return payload;
}

function checked(keys: ReadonlyMap<number, Buffer>, payload: Buffer, given: Buffer): AddressOwner | undefined {
  const key = payload.length < 3 ? undefined : keys.get(payload.readUInt16BE(1));
  if (key === undefined || given.length !== MAC_OCTETS || !timingSafeEqual(mac(key, payload), given)) return undefined;
  if (payload[0] === RECIPIENT && payload.length === 15) {
    return { kind: 'recipient', campaign: payload.readUIntBE(3, 6), subscriber: payload.readUIntBE(9, 6) };
  }
  if (payload[0] !== MESSAGE || payload.length !== 19) return undefined;
  const hex = payload.toString('hex', 3);
  return { kind: 'message', message: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
}

function unsubscriber(owner: LinkOwner | undefined): AddressOwner | undefined {
  return owner && { kind: 'leave', ...owner };
}

function mac(key: Buffer, payload: Buffer): Buffer {
  return createHmac('sha256', key).update('return path').update(payload).digest().subarray(0, MAC_OCTETS);
}
