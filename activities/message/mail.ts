import { now } from '../../clock.js';
import { parseMailbox } from '../../mail/address.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter/letter.js';
import { unmasked } from '../../mail/letter/links/links.js';
import { destinationsIn, type TrackingLinks } from '../../mail/letter/tracking.js';
import { composeMessage, type MessageBodies, messageBodies } from '../../mail/message/compose.js';
import { type LinkTokens, optOutUrl } from '../../mail/tokens/link-tokens.js';
import type { ReturnPaths } from '../../mail/tokens/return-path.js';
import { type BounceDomainStores, bounceDomainFor } from '../../services/sender.js';
import type { Signing } from '../../services/signing.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Message } from '../../store/messages/row.js';
import type { Links } from '../../store/tracking/links.js';

export interface MessageMailDeps extends BounceDomainStores {
  readonly contents: Pick<Contents, 'ofMessage' | 'file'>;
  readonly signing: Pick<Signing, 'signed'>;
  readonly paths: Pick<ReturnPaths, 'forMessage'>;
  readonly trackingLinksOf: TrackingLinksOf;
  /** The link by which the recipient opts out of such mails; undefined: none. */
  readonly optOutUrlOf: (row: Message) => string | undefined;
}

/** Builds the mail of one message from its stored content; only its dates differ between attempts. */
export function messageMail(deps: MessageMailDeps) {
  const { contents, signing, trackingLinksOf, optOutUrlOf } = deps;
  return async (row: Message): Promise<SplicedMail | Unrenderable> => {
    const { _id, account, to, role } = row;
    const content = await contents.ofMessage(row);
    const at = now();
    const bodies = messageBodies(content);
    const trackingLinks = await trackingLinksOf(row, bodies, at);
    const returnPath = () => returnPathOf(deps, row, content.from.email);
    const optOut = await optOutOf(optOutUrlOf(row), returnPath);
    const draft = {
      id: _id,
      account,
      content,
      bodies,
      to,
      role,
      file: (sha256: string) => contents.file(account, sha256),
      ...(trackingLinks !== undefined && { trackingLinks }),
      ...(optOut !== undefined && { optOut }),
    };
    const mail = await composeMessage(draft, at);
    if (mail.kind !== 'mail') return mail;
    // At once: both read the sender's domain, in one command.
    const [signed, from] = await Promise.all([signing.signed(account, mail), returnPath()]);
    if (signed.kind !== 'mail' || from === undefined) return signed;
    return { ...signed, envelope: { ...signed.envelope, from } };
  };
}

/** How the recipient leaves: by the link, or by a mail to the return path if there is one. */
async function optOutOf(url: string | undefined, returnPath: () => Promise<string | undefined>) {
  if (url === undefined) return undefined;
  const reportsTo = await returnPath();
  return { url, ...(reportsTo !== undefined && { reportsTo }) };
}

/** The address that bounces of a message are sent to; undefined: the sender's own. */
async function returnPathOf(
  deps: Pick<MessageMailDeps, 'paths' | keyof BounceDomainStores>,
  { _id, account }: Message,
  sender: string,
): Promise<string | undefined> {
  const domain = await bounceDomainFor(deps, account, parseMailbox(sender)?.envelope ?? '');
  return domain === null ? undefined : `${deps.paths.forMessage(_id)}@${domain}`;
}

interface MessageTrackingDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly links: Pick<Links, 'number'>;
  readonly linkTokens: Pick<LinkTokens, 'forMessage'>;
  readonly publicUrl: string;
}

type TrackingLinksOf = (row: Message, bodies: MessageBodies, at: Date) => Promise<TrackingLinks | undefined>;

/** The link by which the recipient opts out of the mails of an API key; undefined if the key has none. */
export function optOutUrls({ linkTokens, publicUrl }: Pick<MessageTrackingDeps, 'linkTokens' | 'publicUrl'>) {
  return ({ account, number, leaves_key, created_at }: Message): string | undefined =>
    leaves_key === undefined ? undefined : optOutUrl(publicUrl, linkTokens.forMessage(account, number, created_at));
}

/** The tracked links of a message, stored before its mail is sent; undefined if it is not tracked. */
export function messageTrackingLinks({ accounts, links, linkTokens, publicUrl }: MessageTrackingDeps): TrackingLinksOf {
  return async ({ _id: uuid, account, number: id, track }, { html, ...part }, at) => {
    if (!track) return undefined;
    const urls = destinationsIn({ ...part, ...(html !== null && { html }) }, publicUrl, unmasked);
    // A plain text without a link has nothing to track.
    if (html === null && urls.length === 0) return undefined;
    if ((await accounts.find(account))?.track === false) return undefined;
    const numbered = await links.number({ kind: 'message', account, id, uuid }, urls);
    return { opens: true, links: numbered, publicUrl, token: linkTokens.forMessage(account, id, at) };
  };
}
