import PostalMime from 'postal-mime';
import { reportText } from './free-text.js';

/** What an operator reads of an inbound mail. */
export interface InboundPreview {
  readonly from: string | null;
  readonly subject: string | null;
  /** Plain text, up to the returned mail. */
  readonly text: string;
}

const LONGEST_HEADER = 300;

/** The sender, the subject and the text of a raw mail; empty for a mail that cannot be parsed. */
export async function previewOf(raw: Uint8Array): Promise<InboundPreview> {
  try {
    const mail = await PostalMime.parse(raw, { forceRfc822Attachments: true });
    const address = mail.from && 'address' in mail.from ? mail.from.address : undefined;
    const text = reportText(mail).lines.join('\n').trim();
    return { from: line(address), subject: line(mail.subject), text };
  } catch {
    return { from: null, subject: null, text: '' };
  }
}

function line(text: string | undefined): string | null {
  const clean = (text ?? '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_HEADER);
  return clean === '' ? null : clean;
}
