import type { MessageContent } from '../../domain/message/message.js';
import { destinationsIn, type TrackingLinks } from '../../mail/letter/tracking.js';
import { messageBodies } from '../../mail/message/bodies.js';
import { type LinkTokens, optOutUrl } from '../../mail/tokens/link-tokens.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Message } from '../../store/messages/row.js';
import type { Links } from '../../store/tracking/links.js';

export interface MessageTrackingDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly links: Pick<Links, 'number'>;
  readonly linkTokens: Pick<LinkTokens, 'forMessage'>;
  readonly publicUrl: string;
}

export type TrackingLinksOf = (row: Message, content: MessageContent, at: Date) => Promise<TrackingLinks | undefined>;

/** The link by which the recipient opts out of the mails of an API key; undefined if the key has none. */
export function optOutUrls({ linkTokens, publicUrl }: Pick<MessageTrackingDeps, 'linkTokens' | 'publicUrl'>) {
  return ({ account, number, leaves_key, created_at }: Message): string | undefined =>
    leaves_key === undefined ? undefined : optOutUrl(publicUrl, linkTokens.forMessage(account, number, created_at));
}

/** The tracked links of a message, stored before its mail is sent; undefined if it is not tracked. */
export function messageTrackingLinks({ accounts, links, linkTokens, publicUrl }: MessageTrackingDeps): TrackingLinksOf {
  return async ({ _id: uuid, account, number: id, track }, content, at) => {
    if (!track) return undefined;
    const { html, text } = messageBodies(content);
    const urls = destinationsIn({ text, ...(html !== null && { html }) }, publicUrl);
    // A plain text without a link has nothing to track.
    if (html === null && urls.length === 0) return undefined;
    if ((await accounts.find(account))?.track === false) return undefined;
    const numbered = await links.number({ kind: 'message', account, id, uuid }, urls);
    return { opens: true, links: numbered, publicUrl, token: linkTokens.forMessage(account, id, at) };
  };
}
