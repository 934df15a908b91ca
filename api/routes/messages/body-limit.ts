import type { Config } from '../../../config.js';

/** Two bodies of a mail, each letter escaped, and everything around them. */
const TEXT_BYTES = 5 * 1024 * 1024;

/** Bytes of a request that can carry all the attachments that are allowed: base64 with line breaks, and the words. */
export function bodyLimit({ attachmentBytes }: Pick<Config, 'attachmentBytes'>): number {
  return Math.ceil((attachmentBytes * 4 * 1.03) / 3) + TEXT_BYTES;
}
