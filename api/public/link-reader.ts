import { ringReader } from '../../mail/tokens/key-ring.js';
import {
  type ConfirmationLink,
  type LinkOwner,
  type LinkTokens,
  linkTokens,
  type MessageLinkOwner,
  type PreviewLink,
} from '../../mail/tokens/link-tokens.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

/** The recipient of a link; undefined for a link that we did not sign. */
export type ReadLink = (token: string) => Promise<LinkOwner | undefined>;
/** The request that a link confirms. */
export type ReadConfirmation = (token: string) => Promise<ConfirmationLink | undefined>;
/** The message that contains a link. */
export type ReadMessageLink = (token: string) => Promise<MessageLinkOwner | undefined>;
/** The draft that a preview link shows, also of a link that has expired. */
export type ReadPreviewLink = (token: string) => Promise<PreviewLink | undefined>;
/** The mail that contains a tracked link or a pixel: a campaign's mail to a recipient, or a message. */
export type ReadTrackedLink = (token: string) => Promise<LinkOwner | MessageLinkOwner | undefined>;

export function linkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadLink {
  return reader(secrets, (tokens, token) => tokens.read(token));
}

export function confirmationReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadConfirmation {
  return reader(secrets, (tokens, token) => tokens.readConfirmation(token));
}

export function messageLinkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadMessageLink {
  return reader(secrets, (tokens, token) => tokens.readMessage(token));
}

export function previewLinkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadPreviewLink {
  return reader(secrets, (tokens, token) => tokens.readPreview(token));
}

export function trackedLinkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadTrackedLink {
  return reader<LinkOwner | MessageLinkOwner>(
    secrets,
    (tokens, token) => tokens.read(token) ?? tokens.readMessage(token),
  );
}

function reader<T>(secrets: Pick<LinkKeyRing, 'ring'>, read: (tokens: LinkTokens, token: string) => T | undefined) {
  const readWithRing = ringReader(secrets.ring);
  return (token: string) => readWithRing((ring) => read(linkTokens(ring), token));
}
