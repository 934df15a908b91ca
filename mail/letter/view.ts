import PostalMime from 'postal-mime';
import type { LinkTokens } from '../tokens/link-tokens.js';
import type { CompiledLetter } from './compile.js';
import type { Recipient } from './letter.js';
import { spliceMail } from './splice.js';

/** The HTML of a letter as this recipient gets it: spliced and read back, so that it cannot differ. */
export async function recipientHtml(
  compiled: CompiledLetter,
  recipient: Recipient,
  at: Date,
  links: LinkTokens,
): Promise<string | undefined> {
  const mail = spliceMail(compiled, recipient, at, links);
  if (mail.kind !== 'mail') return undefined;
  return (await PostalMime.parse(Buffer.concat(mail.chunks))).html;
}
