import { now } from '../../clock.js';
import { composeMessage } from '../../mail/compose.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter.js';
import type { Contents } from '../../store/contents.js';
import type { Message } from '../../store/messages-row.js';
import type { Signing } from '../signing.js';

/** Makes the mail of one message from what was stored when it was accepted; the same bytes but for the date each time. */
export function messageMail({ find, file }: Pick<Contents, 'find' | 'file'>, { signed }: Pick<Signing, 'signed'>) {
  return async ({ _id, account, content, to, role }: Message): Promise<SplicedMail | Unrenderable> => {
    const said = await find(account, content);
    if (said === null) throw new Error(`the content of message ${_id} is not in the store`);
    const draft = { id: _id, account, content: said, to, role, file: (sha256: string) => file(account, sha256) };
    const mail = await composeMessage(draft, now());
    return mail.kind === 'mail' ? signed(account, mail) : mail;
  };
}
