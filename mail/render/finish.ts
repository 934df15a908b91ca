import {
  directionOf,
  escapedAroundLiquid,
  insertAtBodyEnd,
  insertAtBodyStart,
  isDocument,
  NAMES_UNSUBSCRIBE,
  preheaderBlock,
  textFromHtml,
  withFinalNewline,
} from '../letter/document.js';
import { escapeHtml, liquidFault, parseLiquid } from '../liquid/engine.js';
import { letterTranslations } from './fixed-fields.js';
import type { RenderJob } from './job.js';

interface Letter {
  readonly html: string;
  readonly text: string;
}

/** What every letter has, whoever wrote it: language, title, the ways out, a text part, the words for the inbox. */
export function finishLetter(job: RenderJob, html: string): Letter {
  const whole = withFooter(job, withTitle(job, withLanguage(job, html)));
  const text = withTextFooter(job, job.text ?? wholeBlocks(textFromHtml(whole)));
  return {
    html: withFinalNewline(insertAtBodyStart(whole, preheaderBlock(job.preheader))),
    text: withFinalNewline(text),
  };
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
  const empty = html.replace(/<title>\s*<\/title>/i, title);
  return /<title\b/i.test(empty) ? empty : empty.replace(/<head\b[^>]*>/i, (head) => `${head}\n${title}`);
}

/** The law asks for both in bulk mail: where a template or a document of somebody's own has none, they stand at the end. */
function withFooter({ purpose, brand, language }: RenderJob, html: string): string {
  if (purpose !== 'campaign') return html;
  const lines: string[] = [];
  const { postal_address: address } = brand;
  if (address !== null && !containsAddress(html, address)) lines.push(escapeHtml(address).replace(/\n/g, '<br>\n'));
  if (!NAMES_UNSUBSCRIBE.test(html)) {
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
  if (NAMES_UNSUBSCRIBE.test(named)) return named;
  return `${named.trimEnd()}\n\n${letterTranslations(language).unsubscribe}: {{ unsubscribe_url }}\n`;
}

/** Whether a text names the address, however its lines are broken. */
function containsAddress(text: string, address: string): boolean {
  const flat = (words: string) =>
    words
      .replace(/<[^<>]*>|&nbsp;|[,·|]/gi, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .toLowerCase();
  return flat(text).includes(flat(escapeHtml(address))) || flat(text).includes(flat(address));
}

/** Markup that does not reach the text part may take half of a block with it; then the blocks go and their content stays. */
function wholeBlocks(text: string): string {
  try {
    parseLiquid(text, 'plain');
    return text;
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return text.replace(/\{%(?:(?!\{%).)*?%\}/gs, '');
  }
}
