import {
  directionOf,
  escapedAroundLiquid,
  insertAtBodyEnd,
  insertAtBodyStart,
  isDocument,
  preheaderBlock,
  withFinalNewline,
} from '../letter/document.js';
import { markedText, type TextPart, withoutMarks } from '../letter/text/text-part.js';
import { offersUnsubscribe } from '../letter/unsubscribe.js';
import { escapeHtml } from '../liquid/engine.js';
import { letterTranslations } from './fixed-fields.js';
import type { RenderJob } from './job.js';

interface Letter {
  readonly html: string;
  readonly text: string;
  readonly textLinks?: TextPart['links'];
}

/** Adds what every letter needs: language, title, unsubscribe link, text part, preheader. */
export function finishLetter(job: RenderJob, html: string): Letter {
  const whole = withFooter(job, withTitle(job, withLanguage(job, html)));
  return {
    html: withFinalNewline(insertAtBodyStart(whole, preheaderBlock(job.preheader))),
    ...textOf(job, whole),
  };
}

/** A text that is made from the document knows its links. */
function textOf(job: RenderJob, html: string): Pick<Letter, 'text' | 'textLinks'> {
  const text = withFinalNewline(withTextFooter(job, job.text ?? markedText(html)));
  if (job.text !== null) return { text };
  const { text: bare, links } = withoutMarks(text);
  return { text: bare, textLinks: links };
}

function withLanguage({ language }: RenderJob, html: string): string {
  if (!isDocument(html)) return html;
  return html.replace(/<html\b[^>]*>/i, (tag) => {
    const lang = /\slang\s*=/i.test(tag) ? '' : ` lang="${escapeHtml(language)}"`;
    const dir = /\sdir\s*=/i.test(tag) ? '' : ` dir="${directionOf(language)}"`;
    return `<html${lang}${dir}${tag.slice('<html'.length)}`;
  });
}

function withTitle({ subject }: RenderJob, html: string): string {
  const title = `<title>${escapedAroundLiquid(subject)}</title>`;
  const empty = html.replace(/<title>\s*<\/title>/i, () => title);
  return /<title\b/i.test(empty) ? empty : empty.replace(/<head\b[^>]*>/i, (head) => `${head}\n${title}`);
}

/** The law requires both in bulk mail: they are added at the end if the template or document has none. */
function withFooter({ purpose, brand, language }: RenderJob, html: string): string {
  if (purpose !== 'campaign') return html;
  const lines: string[] = [];
  const { postal_address: address } = brand;
  if (address !== null && !containsAddress(html, address)) lines.push(escapeHtml(address).replace(/\n/g, '<br>\n'));
  if (!offersUnsubscribe(html, 'html')) {
    lines.push(`<a href="{{ unsubscribe_url }}" style="color:#595959">${letterTranslations(language).unsubscribe}</a>`);
  }
  if (lines.length === 0) return html;
  const style = 'margin:24px 0 0;font-size:13px;line-height:1.5;color:#595959;background-color:#ffffff';
  return insertAtBodyEnd(html, lines.map((line) => `\n<p style="${style}">${line}</p>\n`).join(''));
}

function withTextFooter({ purpose, brand, language }: RenderJob, text: string): string {
  if (purpose !== 'campaign') return text;
  const { postal_address: address } = brand;
  const named = address === null || containsAddress(text, address) ? text : `${text.trimEnd()}\n\n${address}\n`;
  if (offersUnsubscribe(named, 'text')) return named;
  return `${named.trimEnd()}\n\n${letterTranslations(language).unsubscribe}: {{ unsubscribe_url }}\n`;
}

/** Whether a text contains the address, with any line breaks. */
function containsAddress(text: string, address: string): boolean {
  const flat = (words: string) =>
    words
      .replace(/<[^<>]*>|&nbsp;|[,·|]/gi, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .toLowerCase();
  return flat(text).includes(flat(escapeHtml(address))) || flat(text).includes(flat(address));
}
