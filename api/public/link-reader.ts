import { monotonic } from '../../clock.js';
import { type LinkOwner, type LinkTokens, linkTokens } from '../../mail/tokens.js';
import type { Secrets } from '../../store/secrets.js';

const KEPT = 60_000;
/** A token that cannot be read may be signed with a key newer than the ring at hand; forgers cause no more reads than this. */
const LOOKED_UP_AGAIN_AFTER = 1_000;

/** Whom a link was made for; undefined for anything we did not sign. */
export type ReadLink = (token: string) => Promise<LinkOwner | undefined>;

export function linkReader(secrets: Pick<Secrets, 'ring'>): ReadLink {
  let tokens: LinkTokens | undefined;
  let readAt = 0;

  const current = async (oldest: number): Promise<LinkTokens> => {
    if (tokens === undefined || monotonic() - readAt > oldest) {
      tokens = linkTokens(await secrets.ring());
      readAt = monotonic();
    }
    return tokens;
  };

  return async (token) => (await current(KEPT)).read(token) ?? (await current(LOOKED_UP_AGAIN_AFTER)).read(token);
}
