import PostalMime from 'postal-mime';
import type { LinkTokens } from '../tokens/link-tokens.js';
import type { CompiledLetter } from './compile.js';
import type { Recipient } from './letter.js';
import { spliceMail } from './splice.js';

/** The HTML of a letter for one recipient, read back from the spliced mail so that the two cannot differ. */
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
