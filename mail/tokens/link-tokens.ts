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
  /** When the mail was made, to the second; only a tracked mail says it. */
  readonly madeAt?: Date;
}

/** The transactional message, by its number, that a link stands in. */
export interface MessageLinkOwner {
  readonly account: number;
  readonly message: number;
  readonly madeAt: Date;
}

/** What somebody was asked to confirm. */
export interface ConfirmationLink {
  readonly confirmation: number;
  readonly subscriber: number;
}

export interface LinkTokens {
  /** The one token behind all links of one recipient's mail: 36 characters, 40 where it says when; no address in it. */
  forRecipient(campaign: number, subscriber: number, madeAt?: Date): string;
  /** Undefined for anything that this ring did not sign. */
  read(token: string): LinkOwner | undefined;
  /** The one token behind all links of a tracked message. */
  forMessage(account: number, message: number, madeAt: Date): string;
  readMessage(token: string): MessageLinkOwner | undefined;
  /** The link that confirms a subscription; worth nothing anywhere else. */
  forConfirmation(confirmation: number, subscriber: number): string;
  readConfirmation(token: string): ConfirmationLink | undefined;
}

/** The first octet says what a token is good for, so that none can be used for something else. */
const RECIPIENT = 1;
const CONFIRMATION = 2;
const TIMED_RECIPIENT = 3;
const MESSAGE = 4;
/** Purpose, key id, two ids; a timed token also has the seconds since 1970. */
const PLAIN = { payload: 15, mac: 12 } as const;
const TIMED = { payload: 19, mac: 11 } as const;
// 88 bits at least: a forger who tries a billion a second would need 10^9 years.
const TOKEN = /^[A-Za-z0-9_-]{36}(?:[A-Za-z0-9_-]{4})?$/;
const LARGEST_ID = 2 ** 48 - 1;

type Ids = readonly [first: number, second: number];

export function linkTokens(ring: readonly LinkKey[]): LinkTokens {
  const current = ring.find((entry) => entry.current);
  if (current === undefined) throw new Error('the key ring for links has no current key');
  const keys = new Map(ring.map((entry) => [entry.kid, entry.key]));
  return {
    forRecipient: (campaign, subscriber, madeAt) =>
      signed(current, madeAt === undefined ? RECIPIENT : TIMED_RECIPIENT, [campaign, subscriber], madeAt),
    read: (token) => {
      const found = verified(keys, RECIPIENT, token) ?? verified(keys, TIMED_RECIPIENT, token);
      if (found === undefined) return undefined;
      const { ids, at } = found;
      return { campaign: ids[0], subscriber: ids[1], ...(at !== undefined && { madeAt: at }) };
    },
    forMessage: (account, message, madeAt) => signed(current, MESSAGE, [account, message], madeAt),
    readMessage: (token) => {
      const { ids, at } = verified(keys, MESSAGE, token) ?? {};
      return ids && at && { account: ids[0], message: ids[1], madeAt: at };
    },
    forConfirmation: (confirmation, subscriber) => signed(current, CONFIRMATION, [confirmation, subscriber]),
    readConfirmation: (token) => {
      const ids = verified(keys, CONFIRMATION, token)?.ids;
      return ids && { confirmation: ids[0], subscriber: ids[1] };
    },
  };
}

function formOf(purpose: number) {
  return purpose === TIMED_RECIPIENT || purpose === MESSAGE ? TIMED : PLAIN;
}

/** The payload, then the MAC of it. */
function signed({ kid, key }: LinkKey, purpose: number, [first, second]: Ids, at?: Date): string {
  if (first > LARGEST_ID || second > LARGEST_ID) throw new RangeError('an id in a link has at most 48 bits');
  const form = formOf(purpose);
  const token = Buffer.allocUnsafe(form.payload + form.mac);
  token.writeUInt8(purpose, 0);
  token.writeUInt16BE(kid, 1);
  token.writeUIntBE(first, 3, 6);
  token.writeUIntBE(second, 9, 6);
  if (at !== undefined) token.writeUInt32BE(Math.floor(at.getTime() / 1_000), 15);
  macOf(key, token, form).copy(token, form.payload);
  return token.toString('base64url');
}

function verified(
  keys: ReadonlyMap<number, Buffer>,
  purpose: number,
  token: string,
): { readonly ids: Ids; readonly at: Date | undefined } | undefined {
  if (!TOKEN.test(token)) return undefined;
  const given = Buffer.from(token, 'base64url');
  const form = formOf(purpose);
  const key = keys.get(given.readUInt16BE(1));
  if (given[0] !== purpose || given.length !== form.payload + form.mac || key === undefined) return undefined;
  if (!timingSafeEqual(macOf(key, given, form), given.subarray(form.payload))) return undefined;
  const at = form === TIMED ? new Date(given.readUInt32BE(15) * 1_000) : undefined;
  return { ids: [given.readUIntBE(3, 6), given.readUIntBE(9, 6)], at };
}

function macOf(key: Buffer, token: Buffer, { payload, mac }: typeof PLAIN | typeof TIMED): Buffer {
  return createHmac('sha256', key).update(token.subarray(0, payload)).digest().subarray(0, mac);
}

/** Where a recipient leaves: a page for people on GET, one-click on POST (RFC 8058). */
export function unsubscribeUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/${token}`;
}

/** The same for a message: leaves the mails of the API key it was sent with. */
export function optOutUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/m/${token}`;
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
