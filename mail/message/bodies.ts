import type { MessageContent } from '../../domain/message/message.js';
import { insertAtBodyStart, previewBlock, textFromHtml } from '../letter/document.js';
import { escapeHtml } from '../liquid/engine.js';
import { oneLine } from '../mime/headers.js';

/** What a message says, in the two parts a mail has. */
export interface MessageBodies {
  readonly html: string | null;
  readonly text: string;
}

/** The HTML with its preheader, and a text part, made from the HTML where there is none. */
export function messageBodies({ html, text, preheader }: MessageContent): MessageBodies {
  const bare = html === null ? null : plain(html);
  return {
    html: bare === null ? null : insertAtBodyStart(bare, preview(preheader)),
    text: plain(text ?? textFromHtml(bare ?? '')),
  };
}

function preview(preheader: string | null): string {
  const text = oneLine(preheader ?? '');
  return text === '' ? '' : previewBlock(escapeHtml(text));
}

/** Line breaks as LF; control characters, which no mail client shows, are dropped. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}
