import type { MessageContent } from '../../domain/message.js';
import { messageBodies } from '../../mail/bodies.js';
import { type LinkTokens, optOutUrl } from '../../mail/tokens.js';
import { destinationsIn, type Trail } from '../../mail/tracked.js';
import type { Accounts } from '../../store/accounts.js';
import type { Links } from '../../store/links.js';
import type { Message } from '../../store/messages-row.js';

export interface MessageTrailDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly numbers: Pick<Links, 'number'>;
  readonly tokens: Pick<LinkTokens, 'forMessage'>;
  readonly publicUrl: string;
}

export type MessageTrail = (row: Message, said: MessageContent, at: Date) => Promise<Trail | undefined>;

/** Where the recipient leaves the mails of the key that a message was sent with; undefined where there is no such way. */
export function leavingOf({ tokens, publicUrl }: Pick<MessageTrailDeps, 'tokens' | 'publicUrl'>) {
  return ({ account, number, leaves_key, created_at }: Message): string | undefined =>
    leaves_key === undefined ? undefined : optOutUrl(publicUrl, tokens.forMessage(account, number, created_at));
}

/** Where the links of a message lead, stored before its mail leaves; undefined where nothing of it is followed. */
export function messageTrails({ accounts, numbers, tokens, publicUrl }: MessageTrailDeps): MessageTrail {
  return async ({ _id: uuid, account, number: id, track }, said, at) => {
    if (!track) return undefined;
    const { html, text } = messageBodies(said);
    const urls = destinationsIn({ text, ...(html !== null && { html }) }, publicUrl);
    // A plain text without a link, as most codes are, has nothing that could be followed.
    if (html === null && urls.length === 0) return undefined;
    if ((await accounts.find(account))?.track === false) return undefined;
    const links = await numbers.number({ kind: 'message', account, id, uuid }, urls);
    return { opens: true, links, publicUrl, token: tokens.forMessage(account, id, at) };
  };
}
