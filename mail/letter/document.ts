import { WHOLE_DOCUMENT } from '../../domain/html.js';
import { escapeHtml } from '../liquid/engine.js';
import { guarded } from '../liquid/guard.js';
import { maskLiquid } from '../liquid/mask-liquid.js';
import { piecesOf } from '../liquid/pieces.js';
import { newPlaceholders } from '../liquid/placeholders.js';
import { addressesIn, type LinkRange } from './links/address-grammar.js';
import { liquidTextPart, type TextPart } from './text/text-part.js';

/** The two bodies of a letter, still Liquid. */
export interface Bodies extends TextPart {
  readonly html: string;
}

interface Draft {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string | null;
  readonly textLinks?: readonly LinkRange[] | undefined;
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
  const source = withoutRawBlocks(draft.html);
  const html = NAMES_UNSUBSCRIBE.test(source) ? source : insertAtBodyEnd(source, FOOTER);
  const { text, links } = textOf(draft, html);
  return { html: withFinalNewline(documentOf(draft, html)), text: withFinalNewline(text), links };
}

/** A letter that was not rendered may have `raw` blocks, in which the tags of links would be text. Their braces become text instead. */
function withoutRawBlocks(html: string): string {
  if (!/\{%-?\s*raw\b/.test(html)) return html;
  const placeholders = newPlaceholders();
  return placeholders.restoreHtml(placeholders.hide(html));
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

/** A text part of the author's own has its addresses found, unless it is known where they stand. */
function textOf({ text, textLinks }: Pick<Draft, 'text' | 'textLinks'>, html: string): TextPart {
  const part = text === null ? liquidTextPart(html) : { text, links: textLinks ?? addressesIn(text, maskLiquid) };
  if (NAMES_UNSUBSCRIBE.test(part.text)) return part;
  return { ...part, text: part.text.trimEnd() + TEXT_FOOTER };
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
