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

/** What somebody was asked to confirm. */
export interface Confirmable {
  readonly confirmation: number;
  readonly subscriber: number;
}

export interface LinkTokens {
  /** The one token behind all links of one recipient's mail: 36 characters, no address in it. */
  forRecipient(campaign: number, subscriber: number): string;
  /** Undefined for anything that this ring did not sign. */
  read(token: string): LinkOwner | undefined;
  /** The link that confirms a subscription; worth nothing anywhere else. */
  forConfirmation(confirmation: number, subscriber: number): string;
  readConfirmation(token: string): Confirmable | undefined;
}

/** The first octet says what a token is good for, so that none can be used for something else. */
const RECIPIENT = 1;
const CONFIRMATION = 2;
const PAYLOAD_OCTETS = 15;
/** 96 bits: a forger who tries a billion a second would need 10^12 years. */
const MAC_OCTETS = 12;
const TOKEN = /^[A-Za-z0-9_-]{36}$/;
const LARGEST_ID = 2 ** 48 - 1;

export function linkTokens(ring: readonly LinkKey[]): LinkTokens {
  const current = ring.find((entry) => entry.current);
  if (current === undefined) throw new Error('the key ring for links has no current key');
  const keys = new Map(ring.map((entry) => [entry.kid, entry.key]));

  const opened = (purpose: number, token: string): readonly [number, number] | undefined => {
    if (!TOKEN.test(token)) return undefined;
    const given = Buffer.from(token, 'base64url');
    const key = keys.get(given.readUInt16BE(1));
    if (given[0] !== purpose || key === undefined) return undefined;
    if (!timingSafeEqual(mac(key, given.subarray(0, PAYLOAD_OCTETS)), given.subarray(PAYLOAD_OCTETS))) return undefined;
    return [given.readUIntBE(3, 6), given.readUIntBE(9, 6)];
  };

  return {
    forRecipient: (campaign, subscriber) => signed(current, RECIPIENT, campaign, subscriber),
    read: (token) => {
      const ids = opened(RECIPIENT, token);
      return ids && { campaign: ids[0], subscriber: ids[1] };
    },
    forConfirmation: (confirmation, subscriber) => signed(current, CONFIRMATION, confirmation, subscriber),
    readConfirmation: (token) => {
      const ids = opened(CONFIRMATION, token);
      return ids && { confirmation: ids[0], subscriber: ids[1] };
    },
  };
}

/** Purpose, key id, the two ids, MAC of these. */
function signed({ kid, key }: LinkKey, purpose: number, first: number, second: number): string {
  if (first > LARGEST_ID || second > LARGEST_ID) throw new RangeError('an id in a link has at most 48 bits');
  const token = Buffer.allocUnsafe(PAYLOAD_OCTETS + MAC_OCTETS);
  token.writeUInt8(purpose, 0);
  token.writeUInt16BE(kid, 1);
  token.writeUIntBE(first, 3, 6);
  token.writeUIntBE(second, 9, 6);
  mac(key, token.subarray(0, PAYLOAD_OCTETS)).copy(token, PAYLOAD_OCTETS);
  return token.toString('base64url');
}

function mac(key: Buffer, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).digest().subarray(0, MAC_OCTETS);
}

/** Where a recipient leaves: a page for people on GET, one-click on POST (RFC 8058). */
export function unsubscribeUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/${token}`;
}

/** Where a recipient sees every list they are on, leaves any and corrects their name. */
export function preferencesUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/p/${token}`;
}

/** The mail as this recipient got it, in a browser. */
export function viewUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/v/${token}`;
}

/** Where somebody confirms that they want to be on a list. */
export function confirmUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/confirm/${token}`;
}
