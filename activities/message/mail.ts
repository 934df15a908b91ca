import { now } from '../../clock.js';
import { composeMessage } from '../../mail/compose.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter.js';
import type { ReturnPaths } from '../../mail/return-path.js';
import type { Contents } from '../../store/contents.js';
import type { Message } from '../../store/messages-row.js';
import type { BounceDomainOf } from '../bounce-domain.js';
import type { Signing } from '../signing.js';
import type { MessageTrail } from './trail.js';

export interface MessageMailDeps {
  readonly contents: Pick<Contents, 'find' | 'file'>;
  readonly signing: Pick<Signing, 'signed'>;
  readonly paths: Pick<ReturnPaths, 'forMessage'>;
  readonly bounceDomainOf: BounceDomainOf;
  readonly trailOf: MessageTrail;
  /** Where the recipient of a message leaves such mails; undefined: nowhere. */
  readonly leaveOf: (row: Message) => string | undefined;
}

/** Makes the mail of one message from what was stored when it was accepted; the same but for the dates in it each time. */
export function messageMail({ contents, signing, paths, bounceDomainOf, trailOf, leaveOf }: MessageMailDeps) {
  return async (row: Message): Promise<SplicedMail | Unrenderable> => {
    const { _id, account, content, to, role } = row;
    const said = await contents.find(account, content);
    if (said === null) throw new Error(`the content of message ${_id} is not in the store`);
    const at = now();
    const trail = await trailOf(row, said, at);
    const leave = leaveOf(row);
    const draft = {
      id: _id,
      account,
      content: said,
      to,
      role,
      file: (sha256: string) => contents.file(account, sha256),
      ...(trail !== undefined && { trail }),
      ...(leave !== undefined && { leave }),
    };
    const mail = await composeMessage(draft, at);
    if (mail.kind !== 'mail') return mail;
    const [signed, domain] = await Promise.all([
      signing.signed(account, mail),
      bounceDomainOf(account, mail.envelope.from),
    ]);
    if (signed.kind !== 'mail' || domain === null) return signed;
    return { ...signed, envelope: { ...signed.envelope, from: `${paths.forMessage(_id)}@${domain}` } };
  };
}
