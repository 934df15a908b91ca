import { monotonic } from '../../clock.js';
import {
  type Confirmable,
  type LinkOwner,
  type LinkTokens,
  linkTokens,
  type MessageLinkOwner,
} from '../../mail/tokens.js';
import type { Secrets } from '../../store/secrets.js';

const KEPT = 60_000;

/** Whom a link was made for; undefined for anything we did not sign. */
export type ReadLink = (token: string) => Promise<LinkOwner | undefined>;
/** What a link confirms. */
export type ReadConfirmation = (token: string) => Promise<Confirmable | undefined>;

export function linkReader(secrets: Pick<Secrets, 'ring'>): ReadLink {
  return reader(secrets, (tokens, token) => tokens.read(token));
}

export function confirmationReader(secrets: Pick<Secrets, 'ring'>): ReadConfirmation {
  return reader(secrets, (tokens, token) => tokens.readConfirmation(token));
}

/** Which message a link stands in. */
export type ReadMessageLink = (token: string) => Promise<MessageLinkOwner | undefined>;

export function messageLinkReader(secrets: Pick<Secrets, 'ring'>): ReadMessageLink {
  return reader(secrets, (tokens, token) => tokens.readMessage(token));
}

/** Whose mail a tracked link or a pixel stands in: a recipient's, or a message. */
export type ReadVisited = (token: string) => Promise<LinkOwner | MessageLinkOwner | undefined>;

export function visitReader(secrets: Pick<Secrets, 'ring'>): ReadVisited {
  return reader<LinkOwner | MessageLinkOwner>(
    secrets,
    (tokens, token) => tokens.read(token) ?? tokens.readMessage(token),
  );
}

/** Keeps the key ring at hand. A token it cannot read may be signed with a newer key, so the ring is read once more. */
function reader<T>(secrets: Pick<Secrets, 'ring'>, read: (tokens: LinkTokens, token: string) => T | undefined) {
  let tokens: LinkTokens | undefined;
  let readAt = 0;

  const refreshed = async (): Promise<LinkTokens> => {
    const fresh = linkTokens(await secrets.ring());
    [tokens, readAt] = [fresh, monotonic()];
    return fresh;
  };

  return async (token: string): Promise<T | undefined> => {
    const kept = monotonic() - readAt < KEPT ? tokens : undefined;
    return (kept && read(kept, token)) ?? read(await refreshed(), token);
  };
}
