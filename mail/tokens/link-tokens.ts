import type { KeyRing } from './key-ring.js';
import { signedTokens } from './signed-token.js';

/** The recipient a link was made for; campaign 0 means the list as a whole. */
export interface LinkOwner {
  readonly campaign: number;
  readonly subscriber: number;
  /** When the mail was made, to the second; only links of tracked mails have it. */
  readonly madeAt?: Date;
}

/** The transactional message that contains a link, by its number. */
export interface MessageLinkOwner {
  readonly account: number;
  readonly message: number;
  readonly madeAt: Date;
}

/** The subscription that a link confirms. */
export interface ConfirmationLink {
  readonly confirmation: number;
  readonly subscriber: number;
}

/** The approver and the letter of a link. The link does not open other letters of the same campaign. */
export interface ApprovalLink {
  readonly campaign: number;
  readonly launch: number;
  readonly revision: number;
  /** Hash of the rendered letter, in hex; reading a link gives its first twelve digits. */
  readonly letter: string;
  readonly member: number;
}

/** The draft that a preview link shows. */
export type PreviewLink = {
  /** To the second; reading gives links that have expired too. */
  readonly expires_at: Date;
} & (
  | {
      readonly campaign: number;
      /** 0: sample data. */
      readonly subscriber: number;
    }
  | { readonly account: number; readonly template: number }
);

/**
 * Tokens of public links, in base64url, without addresses. Reading returns undefined for any token that this ring did
 * not sign.
 */
export interface LinkTokens {
  /** The token of all links in one recipient's mail: 36 characters, 40 with the time. */
  forRecipient(campaign: number, subscriber: number, madeAt?: Date): string;
  read(token: string): LinkOwner | undefined;
  /** The token of all links in a tracked message: 40 characters. */
  forMessage(account: number, message: number, madeAt: Date): string;
  readMessage(token: string): MessageLinkOwner | undefined;
  /** 36 characters. */
  forConfirmation(confirmation: number, subscriber: number): string;
  readConfirmation(token: string): ConfirmationLink | undefined;
  /** 56 characters. */
  forApproval(link: ApprovalLink): string;
  readApproval(token: string): ApprovalLink | undefined;
  /** 40 characters. */
  forPreview(link: PreviewLink): string;
  readPreview(token: string): PreviewLink | undefined;
}

/** Whole groups of four only: base64url of such a length has one spelling. */
const TOKEN = /^(?:[A-Za-z0-9_-]{4}){9,14}$/;
const LETTER = /^[0-9a-f]{12}/;

export function linkTokens(ring: KeyRing): LinkTokens {
  const { sign, verify } = signedTokens(ring);
  return {
    forRecipient: (campaign, subscriber, madeAt) =>
      textOf(
        madeAt === undefined
          ? sign('recipient', [campaign, subscriber])
          : sign('timedRecipient', [campaign, subscriber, secondsOf(madeAt)]),
      ),
    read: (text) => {
      const token = octetsOf(text);
      const timed = verify('timedRecipient', token);
      if (timed !== undefined) return { campaign: timed[0], subscriber: timed[1], madeAt: dateOf(timed[2]) };
      const plain = verify('recipient', token);
      return plain && { campaign: plain[0], subscriber: plain[1] };
    },
    forMessage: (account, message, madeAt) => textOf(sign('message', [account, message, secondsOf(madeAt)])),
    readMessage: (text) => {
      const fields = verify('message', octetsOf(text));
      return fields && { account: fields[0], message: fields[1], madeAt: dateOf(fields[2]) };
    },
    forConfirmation: (confirmation, subscriber) => textOf(sign('confirmation', [confirmation, subscriber])),
    readConfirmation: (text) => {
      const fields = verify('confirmation', octetsOf(text));
      return fields && { confirmation: fields[0], subscriber: fields[1] };
    },
    forApproval: ({ campaign, member, launch, revision, letter }) =>
      textOf(sign('approval', [campaign, member, launch, revision, letterNumber(letter)])),
    readApproval: (text) => {
      const fields = verify('approval', octetsOf(text));
      if (fields === undefined) return undefined;
      const [campaign, member, launch, revision, letter] = fields;
      return { campaign, member, launch, revision, letter: letter.toString(16).padStart(12, '0') };
    },
    forPreview: (link) => {
      const until = secondsOf(link.expires_at);
      if ('template' in link) return textOf(sign('templatePreview', [link.account, link.template, until]));
      return textOf(sign('campaignPreview', [link.campaign, link.subscriber, until]));
    },
    readPreview: (text) => {
      const token = octetsOf(text);
      const ofCampaign = verify('campaignPreview', token);
      if (ofCampaign !== undefined)
        return { campaign: ofCampaign[0], subscriber: ofCampaign[1], expires_at: dateOf(ofCampaign[2]) };
      const ofTemplate = verify('templatePreview', token);
      return ofTemplate && { account: ofTemplate[0], template: ofTemplate[1], expires_at: dateOf(ofTemplate[2]) };
    },
  };
}

function textOf(token: Buffer): string {
  return token.toString('base64url');
}

/** Empty for text that is not base64url of a possible length. */
function octetsOf(text: string): Buffer {
  return Buffer.from(TOKEN.test(text) ? text : '', 'base64url');
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1_000);
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1_000);
}

function letterNumber(hash: string): number {
  const [digits] = LETTER.exec(hash) ?? [];
  if (digits === undefined) throw new RangeError('The hash of a letter must have at least twelve hexadecimal digits.');
  return Number.parseInt(digits, 16);
}

/** The address for unsubscribing: a page on GET, one-click on POST (RFC 8058). */
export function unsubscribeUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/${token}`;
}

/** The same for a message: the recipient gets no further mail from its API key. */
export function optOutUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/u/m/${token}`;
}

/** The page where a recipient sees and leaves their lists and corrects their name. */
export function preferencesUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/p/${token}`;
}

/** The page that shows the recipient's mail in a browser. */
export function viewUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/v/${token}`;
}

/** The page that shows the preview of a campaign or a template. */
export function previewUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/preview/${token}`;
}

/** The page that confirms a subscription. */
export function confirmUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/confirm/${token}`;
}

/** The page where an approver sees the letter and approves or rejects it. */
export function approvalUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/approve/${token}`;
}
