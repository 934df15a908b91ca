import { createHmac, timingSafeEqual } from 'node:crypto';

/** A signing key for public links. Old keys stay in the ring, so that links in mailboxes keep working after a rotation. */
export interface LinkKey {
  /** 0 to 65,535; travels in every token. */
  readonly kid: number;
  readonly key: Buffer;
  readonly current: boolean;
}

/** Whom a link was made for; campaign 0 stands for the list as a whole. */
export interface LinkOwner {
  readonly campaign: number;
  readonly subscriber: number;
}

export interface LinkTokens {
  /** The one token behind all links of one recipient's mail: 36 characters, no address in it. */
  forRecipient(campaign: number, subscriber: number): string;
  /** Undefined for anything that this ring did not sign. */
  read(token: string): LinkOwner | undefined;
}

const VERSION = 1;
const PAYLOAD_OCTETS = 15;
/** 96 bits: a forger who tries a billion a second would need 10^12 years. */
const MAC_OCTETS = 12;
const TOKEN = /^[A-Za-z0-9_-]{36}$/;
const LARGEST_ID = 2 ** 48 - 1;

export function linkTokens(ring: readonly LinkKey[]): LinkTokens {
  const current = ring.find((entry) => entry.current);
  if (current === undefined) throw new Error('the key ring for links has no current key');
  const keys = new Map(ring.map((entry) => [entry.kid, entry.key]));
  return {
    forRecipient: (campaign, subscriber) => signed(current, campaign, subscriber).toString('base64url'),
    read(token) {
      if (!TOKEN.test(token)) return undefined;
      const given = Buffer.from(token, 'base64url');
      const key = keys.get(given.readUInt16BE(1));
      if (given[0] !== VERSION || key === undefined) return undefined;
      if (!timingSafeEqual(mac(key, given.subarray(0, PAYLOAD_OCTETS)), given.subarray(PAYLOAD_OCTETS)))
        return undefined;
      return { campaign: given.readUIntBE(3, 6), subscriber: given.readUIntBE(9, 6) };
    },
  };
}

/** Version, key id, campaign, subscriber, MAC of these. */
function signed({ kid, key }: LinkKey, campaign: number, subscriber: number): Buffer {
  if (campaign > LARGEST_ID || subscriber > LARGEST_ID) throw new RangeError('an id in a link has at most 48 bits');
  const token = Buffer.allocUnsafe(PAYLOAD_OCTETS + MAC_OCTETS);
  token.writeUInt8(VERSION, 0);
  token.writeUInt16BE(kid, 1);
  token.writeUIntBE(campaign, 3, 6);
  token.writeUIntBE(subscriber, 9, 6);
  mac(key, token.subarray(0, PAYLOAD_OCTETS)).copy(token, PAYLOAD_OCTETS);
  return token;
}

function mac(key: Buffer, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).digest().subarray(0, MAC_OCTETS);
}

/** Where a recipient leaves: a page for people on GET, one-click on POST (RFC 8058). */
export function unsubscribeUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/${token}`;
}
