import type { DraftText } from '../../domain/draft/draft.js';
import { type Block, type ImageBlock, INLINE_LINK } from '../../domain/mail/blocks.js';
import { escapeHtml } from '../liquid/engine.js';
import { HTML_BRACE } from '../liquid/guard.js';
import { newPlaceholders, type Placeholders } from '../liquid/placeholders.js';

/** A body in blocks as HTML with the classes of `style.ts`; Liquid in its texts stays Liquid. */
export function htmlOfBlocks(blocks: readonly Block[], placeholders: Placeholders): string {
  return blocks.map((block) => htmlOf(block, placeholders)).join('\n');
}

function htmlOf(block: Block, placeholders: Placeholders): string {
  const text = (source: string) => inline(placeholders.hide(source));
  switch (block.type) {
    case 'heading':
      return `<h${block.level ?? 2}>${text(block.text)}</h${block.level ?? 2}>`;
    case 'paragraph':
      return `<p>${text(block.text)}</p>`;
    case 'button':
      return button(text(block.label), escapeHtml(placeholders.hide(block.url)));
    case 'list': {
      const tag = block.ordered === true ? 'ol' : 'ul';
      return `<${tag}>${block.items.map((item) => `<li>${text(item)}</li>`).join('')}</${tag}>`;
    }
    case 'image':
      return image(block, placeholders);
    case 'quote': {
      const cite = block.cite === undefined ? '' : `<p class="ep-cite">${text(block.cite)}</p>`;
      return `<blockquote><p>${text(block.text)}</p>${cite}</blockquote>`;
    }
    case 'facts': {
      const rows = block.rows.map(
        ({ label, value }) => `<tr><th scope="row">${text(label)}</th><td>${text(value)}</td></tr>`,
      );
      return `<table class="ep-facts" width="100%" cellpadding="0" cellspacing="0" border="0">${rows.join('')}</table>`;
    }
    case 'divider':
      return '<hr>';
  }
}

/** A table, because Outlook supports padding on cells only. */
function button(label: string, url: string): string {
  const cell = `<td class="ep-button"><a class="ep-button-link" href="${url}">${label}</a></td>`;
  return `<table class="ep-button-table" role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>${cell}</tr></table>`;
}

function image({ url, alt, width = 536, link }: ImageBlock, placeholders: Placeholders): string {
  const [src, words] = [escapeHtml(placeholders.hide(url)), escapeHtml(placeholders.hide(alt))];
  const img = `<img src="${src}" alt="${words}" width="${Math.min(width, 536)}">`;
  const linked = link === undefined ? img : `<a href="${escapeHtml(placeholders.hide(link))}">${img}</a>`;
  return `<p class="ep-image">${linked}</p>`;
}

/** Escaped, with **bold**, *italic*, [links](https://…) and line breaks. */
function inline(marked: string): string {
  const links: string[] = [];
  const open = marked.replace(INLINE_LINK, (_, label: string, url: string) => {
    links.push(`<a href="${escapeHtml(url)}">${emphasised(escapeHtml(label))}</a>`);
    return `\uE002${links.length - 1}\uE003`;
  });
  return emphasised(escapeHtml(open)).replace(/\uE002(\d+)\uE003/g, (_, index) => links[Number(index)] ?? '');
}

function emphasised(html: string): string {
  return html
    .replace(/\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*/g, '<strong>$1</strong>')
    .replace(/(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])/g, '<em>$1</em>')
    .replace(/\r\n?|\n/g, '<br>\n');
}

interface DraftedCampaign {
  readonly text: DraftText | null;
  readonly given: { readonly subject: string | null; readonly preheader: string | null };
}

/**
 * Returns the fields that a draft sets on a campaign. Fields given by the caller stay; the body is HTML, rendered from
 * the draft's blocks.
 */
export function bodyOfDraft({ text, given }: DraftedCampaign) {
  if (text === null) throw new Error('a draft without a text has no body');
  const liquid = newPlaceholders();
  return {
    subject: given.subject ?? text.subject,
    preheader: given.preheader ?? (text.preheader || null),
    html: liquid.restore(htmlOfBlocks(text.blocks, liquid), HTML_BRACE),
  };
}
