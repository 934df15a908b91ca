import { monotonic } from '../../clock.js';
import {
  type ConfirmationLink,
  type LinkOwner,
  type LinkTokens,
  linkTokens,
  type MessageLinkOwner,
} from '../../mail/tokens/link-tokens.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';

const MAX_RING_AGE = 60_000;

/** Whom a link was made for; undefined for anything we did not sign. */
export type ReadLink = (token: string) => Promise<LinkOwner | undefined>;
/** What a link confirms. */
export type ReadConfirmation = (token: string) => Promise<ConfirmationLink | undefined>;

export function linkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadLink {
  return reader(secrets, (tokens, token) => tokens.read(token));
}

export function confirmationReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadConfirmation {
  return reader(secrets, (tokens, token) => tokens.readConfirmation(token));
}

/** Which message a link stands in. */
export type ReadMessageLink = (token: string) => Promise<MessageLinkOwner | undefined>;

export function messageLinkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadMessageLink {
  return reader(secrets, (tokens, token) => tokens.readMessage(token));
}

/** Whose mail a tracked link or a pixel stands in: a recipient's, or a message. */
export type ReadTrackedLink = (token: string) => Promise<LinkOwner | MessageLinkOwner | undefined>;

export function trackedLinkReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadTrackedLink {
  return reader<LinkOwner | MessageLinkOwner>(
    secrets,
    (tokens, token) => tokens.read(token) ?? tokens.readMessage(token),
  );
}

/** Keeps the key ring at hand. A token it cannot read may be signed with a newer key, so the ring is read once more. */
function reader<T>(secrets: Pick<LinkKeyRing, 'ring'>, read: (tokens: LinkTokens, token: string) => T | undefined) {
  let tokens: LinkTokens | undefined;
  let readAt = 0;

  const refreshed = async (): Promise<LinkTokens> => {
    const fresh = linkTokens(await secrets.ring());
    [tokens, readAt] = [fresh, monotonic()];
    return fresh;
  };

  return async (token: string): Promise<T | undefined> => {
    const kept = monotonic() - readAt < MAX_RING_AGE ? tokens : undefined;
    return (kept && read(kept, token)) ?? read(await refreshed(), token);
  };
}
