import { now } from '../../clock.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter/letter.js';
import { composeMessage } from '../../mail/message/compose.js';
import type { ReturnPaths } from '../../mail/tokens/return-path.js';
import { type BounceDomainStores, bounceDomainFor } from '../../services/sender.js';
import type { Signing } from '../../services/signing.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Message } from '../../store/messages/row.js';
import type { TrackingLinksOf } from './tracking-links.js';

export interface MessageMailDeps extends BounceDomainStores {
  readonly contents: Pick<Contents, 'find' | 'file'>;
  readonly signing: Pick<Signing, 'signed'>;
  readonly paths: Pick<ReturnPaths, 'forMessage'>;
  readonly trackingLinksOf: TrackingLinksOf;
  /** The link by which the recipient opts out of such mails; undefined: none. */
  readonly optOutUrlOf: (row: Message) => string | undefined;
}

/** Builds the mail of one message from its stored content; only its dates differ between attempts. */
export function messageMail(deps: MessageMailDeps) {
  const { contents, signing, paths, trackingLinksOf, optOutUrlOf } = deps;
  return async (row: Message): Promise<SplicedMail | Unrenderable> => {
    const { _id, account, content, to, role } = row;
    const stored = await contents.find(account, content);
    if (stored === null) throw new Error(`the content of message ${_id} is not in the store`);
    const at = now();
    const trackingLinks = await trackingLinksOf(row, stored, at);
    const optOutUrl = optOutUrlOf(row);
    const draft = {
      id: _id,
      account,
      content: stored,
      to,
      role,
      file: (sha256: string) => contents.file(account, sha256),
      ...(trackingLinks !== undefined && { trackingLinks }),
      ...(optOutUrl !== undefined && { unsubscribeUrl: optOutUrl }),
    };
    const mail = await composeMessage(draft, at);
    if (mail.kind !== 'mail') return mail;
    const [signed, domain] = await Promise.all([
      signing.signed(account, mail),
      bounceDomainFor(deps, account, mail.envelope.from),
    ]);
    if (signed.kind !== 'mail' || domain === null) return signed;
    return { ...signed, envelope: { ...signed.envelope, from: `${paths.forMessage(_id)}@${domain}` } };
  };
}
