import { monotonic } from '../../clock.js';
import { type LinkKey, type LinkTokens, linkTokens } from './link-tokens.js';

const REFRESH_INTERVAL = 60_000;

/** Tokens of a ring that may be rotated meanwhile: it is read again behind the mails, at most once a minute. */
export function rotatingTokens(first: readonly LinkKey[], read: () => Promise<readonly LinkKey[]>): LinkTokens {
  let tokens = linkTokens(first);
  let readAt = monotonic();

  const latest = (): LinkTokens => {
    if (monotonic() - readAt > REFRESH_INTERVAL) {
      readAt = monotonic();
      // An outage costs nothing: the keys at hand stay good.
      read().then(
        (ring) => {
          tokens = linkTokens(ring);
        },
        () => undefined,
      );
    }
    return tokens;
  };

  return {
    forRecipient: (campaign, subscriber, madeAt) => latest().forRecipient(campaign, subscriber, madeAt),
    read: (token) => latest().read(token),
    forMessage: (account, message, madeAt) => latest().forMessage(account, message, madeAt),
    readMessage: (token) => latest().readMessage(token),
    forConfirmation: (confirmation, subscriber) => latest().forConfirmation(confirmation, subscriber),
    readConfirmation: (token) => latest().readConfirmation(token),
  };
}
