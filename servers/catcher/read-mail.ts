import PostalMime, { type Attachment, decodeWords, type Email } from 'postal-mime';

export interface ReadMail {
  readonly subject: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly text: string;
  /** As the sender wrote it, with embedded pictures inlined; to be shown in a sandbox only. */
  readonly html: string;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly size: number }[];
}

/** Parses a raw mail; only for a mail that is opened. */
export async function readMail(raw: Buffer): Promise<ReadMail> {
  const mail = await PostalMime.parse(raw);
  return {
    subject: mail.subject ?? '',
    headers: mail.headers.map(({ originalKey, value }) => ({ name: originalKey, value: decodeWords(value) })),
    text: mail.text ?? '',
    html: withPictures(mail),
    attachments: mail.attachments.map((file) => ({
      name: file.filename ?? '',
      type: file.mimeType,
      size: bytesOf(file).length,
    })),
  };
}

/** Decodes the subject of an index line. */
export function readableSubject(subject: string): string {
  return decodeWords(subject);
}

function withPictures({ html, attachments }: Email): string {
  let filled = html ?? '';
  for (const file of attachments) {
    if (file.contentId === undefined) continue;
    const cid = `cid:${file.contentId.replace(/^<|>$/g, '')}`;
    filled = filled.replaceAll(cid, `data:${file.mimeType};base64,${bytesOf(file).toString('base64')}`);
  }
  return filled;
}

function bytesOf({ content }: Attachment): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer);
}
