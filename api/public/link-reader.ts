import { monotonic } from '../../clock.js';
import { type LinkOwner, type LinkTokens, linkTokens } from '../../mail/tokens.js';
import type { Secrets } from '../../store/secrets.js';

const KEPT = 60_000;

/** Whom a link was made for; undefined for anything we did not sign. */
export type ReadLink = (token: string) => Promise<LinkOwner | undefined>;

/** Keeps the key ring at hand. A token it cannot read may be signed with a newer key, so the ring is read once more. */
export function linkReader(secrets: Pick<Secrets, 'ring'>): ReadLink {
  let tokens: LinkTokens | undefined;
  let readAt = 0;

  const refreshed = async (): Promise<LinkTokens> => {
    const fresh = linkTokens(await secrets.ring());
    [tokens, readAt] = [fresh, monotonic()];
    return fresh;
  };

  return async (token) => {
    const kept = monotonic() - readAt < KEPT ? tokens : undefined;
    return kept?.read(token) ?? (await refreshed()).read(token);
  };
}
