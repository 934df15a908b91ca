import { compile, type FormatCallback } from 'html-to-text';
import { WHOLE_DOCUMENT } from '../../domain/html.js';
import { escapeHtml, liquidFault, parseLiquid } from '../liquid/engine.js';
import { guarded } from '../liquid/guard.js';
import { piecesOf } from '../liquid/pieces.js';
import { newPlaceholders } from '../liquid/placeholders.js';

/** The two bodies of a letter, still Liquid. */
export interface Bodies {
  readonly html: string;
  readonly text: string;
}

interface Draft {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string | null;
  readonly lang?: string;
}

const NAMES_UNSUBSCRIBE = /\{[{%][^{}]*\bunsubscribe_url\b/;
const RIGHT_TO_LEFT = /^(?:ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/i;

const FOOTER =
  '\n<p style="margin:24px 0 0;font-size:13px;color:#595959"><a href="{{ unsubscribe_url }}" style="color:#595959">Unsubscribe</a></p>\n';
const TEXT_FOOTER = '\n\nUnsubscribe: {{ unsubscribe_url }}\n';
/** Keeps mail clients from filling the preview line with the body's first words. */
const PREVIEW_FILLER = '&zwnj;&nbsp;'.repeat(40);

/** Returns a whole HTML document and its text part, each with an unsubscribe link. */
export function bodiesOf(draft: Draft): Bodies {
  const html = NAMES_UNSUBSCRIBE.test(draft.html) ? draft.html : insertAtBodyEnd(draft.html, FOOTER);
  return { html: withFinalNewline(documentOf(draft, html)), text: withFinalNewline(textOf(draft.text, html)) };
}

function documentOf(draft: Draft, html: string): string {
  const hidden = preheaderBlock(draft.preheader);
  if (isDocument(html)) return insertAtBodyStart(html, hidden);
  const lang = escapeHtml(draft.lang ?? 'en');
  const direction = draft.lang === undefined ? 'auto' : directionOf(draft.lang);
  return `<!doctype html>
<html lang="${lang}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapedAroundLiquid(draft.subject)}</title>
</head>
<body>
${hidden}<div lang="${lang}" dir="${direction}">
${html}
</div>
</body>
</html>
`;
}

/** True for a whole document, false for a fragment. */
export function isDocument(html: string): boolean {
  return WHOLE_DOCUMENT.test(html);
}

export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr';
}

export function preheaderBlock(preheader: string | null): string {
  if (preheader === null || preheader.trim() === '') return '';
  return previewBlock(escapedAroundLiquid(preheader));
}

/** A hidden block: inboxes show it after the subject, and the opened mail does not. */
export function previewBlock(html: string): string {
  const style = 'display:none;max-height:0;max-width:0;overflow:hidden;mso-hide:all';
  return `<div style="${style}">${html}${PREVIEW_FILLER}</div>\n`;
}

/** Escapes plain text that contains Liquid, such as a preheader. The Liquid tags stay: they escape their own values. */
export function escapedAroundLiquid(source: string): string {
  return piecesOf(source)
    .map(({ kind, source: piece }) => (kind === 'tag' ? piece : guarded(escapeHtml(piece))))
    .join('');
}

function textOf(text: string | null, html: string): string {
  if (text === null) return liquidTextFromHtml(html);
  return NAMES_UNSUBSCRIBE.test(text) ? text : text.trimEnd() + TEXT_FOOTER;
}

const altText: FormatCallback = (element, _walk, builder) => {
  const alt: unknown = (element.attribs as Readonly<Record<string, string>>)['alt'];
  if (typeof alt === 'string' && alt !== '') builder.addInline(alt);
};

/** Each table row becomes a line, with a blank between its cells. */
const row: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 });
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 1 });
};
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder);
  builder.addInline(' ');
};

const converted = compile({
  wordwrap: false,
  formatters: { altText, row, cell },
  selectors: [
    { selector: 'a', options: { linkBrackets: ['(', ')'], hideLinkHrefIfSameAsText: true } },
    { selector: 'img', format: 'altText' },
    { selector: 'tr', format: 'row' },
    ...['td', 'th'].map((selector) => ({ selector, format: 'cell' })),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

/** The text part of a finished HTML body. */
export function textFromHtml(html: string): string {
  return converted(html);
}

/** The text part of an HTML body whose Liquid stays. Text that the conversion decodes or joins never becomes Liquid. */
export function liquidTextFromHtml(html: string): string {
  const placeholders = newPlaceholders();
  return withWholeBlocks(placeholders.restore(converted(placeholders.hide(html))));
}

/**
 * Markup that the text part drops may contain half of a Liquid block; then the tags are removed and their content
 * stays.
 */
function withWholeBlocks(text: string): string {
  try {
    parseLiquid(text, 'plain');
    return text;
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return piecesOf(text)
      .filter(({ source, kind }) => kind === 'text' || !source.startsWith('{%'))
      .map(({ source, kind }) => (kind === 'text' ? guarded(source) : source))
      .join('');
  }
}

/** The end of the first such tag, found in one pass. Text after the last `>` is skipped: no tag ends there. */
export function endOfTag(html: string, name: 'head' | 'body'): number | undefined {
  const tag = new RegExp(`<${name}\\b[^>]*>`, 'i').exec(html.slice(0, html.lastIndexOf('>') + 1));
  return tag === null ? undefined : tag.index + tag[0].length;
}

/** Inserts a block at the start of the body. */
export function insertAtBodyStart(html: string, hidden: string): string {
  if (hidden === '') return html;
  const at = endOfTag(html, 'body');
  if (at === undefined) return hidden + html;
  return `${html.slice(0, at)}\n${hidden}${html.slice(at)}`;
}

/** Inserts a block at the end of the body. */
export function insertAtBodyEnd(html: string, footer: string): string {
  const end = [...html.matchAll(/<\/body *>/gi)].at(-1) ?? [...html.matchAll(/<\/html *>/gi)].at(-1);
  return end === undefined ? html + footer : html.slice(0, end.index) + footer + html.slice(end.index);
}

export function withFinalNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
