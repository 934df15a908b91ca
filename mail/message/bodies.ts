import type { MessageContent } from '../../domain/message/message.js';
import { insertAtBodyStart, previewBlock, textFromHtml } from '../letter/document.js';
import { escapeHtml } from '../liquid/engine.js';
import { oneLine } from '../mime/headers.js';

/** The two body parts of a message. */
export interface MessageBodies {
  readonly html: string | null;
  readonly text: string;
}

/** Returns the HTML with its preheader, and the text part. A missing text part is made from the HTML. */
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

/** Converts line breaks to LF and drops control characters, which mail clients do not show. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}
