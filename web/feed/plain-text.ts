import { compile } from 'html-to-text';

const LINK = { selector: 'a', options: { ignoreHref: true } };
const IMAGE = { selector: 'img', format: 'skip' };
const plain = (selector: string) => ({ selector, options: { uppercase: false } });
const CELLS = ['td', 'th', 'dt', 'dd', 'caption', 'option', 'button', 'figcaption'];
const OPTIONS = {
  wordwrap: false as const,
  limits: { maxDepth: 200, ellipsis: '' },
  selectors: [
    LINK,
    IMAGE,
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map(plain),
    ...CELLS.map((selector) => ({ selector, format: 'block' })),
    { selector: 'ul', options: { itemPrefix: ' ' } },
    { selector: 'ol', format: 'unorderedList', options: { itemPrefix: ' ' } },
    { selector: 'blockquote', format: 'block' },
    { selector: 'hr', format: 'lineBreak' },
    ...['script', 'style', 'template', 'noscript', 'svg', 'math'].map((selector) => ({ selector, format: 'skip' })),
  ],
};

const toText = compile(OPTIONS);
/** An item shows the beginning of its text, and the parser's time grows with the square of the depth. */
const LONGEST_HTML = 20_000;

/** One line of text from the beginning of an HTML text, without markup and control characters. */
export function textOfHtml(html: string): string {
  const start = html.slice(0, LONGEST_HTML);
  return oneLine(/[<&]/.test(start) ? toText(start) : start) || altText(start);
}

/** What an image alone says. */
function altText(html: string): string {
  return oneLine(/<img\s[^<>]*\balt="([^"<>]+)"/i.exec(html)?.[1] ?? '');
}

export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** Elements that authors put into titles as markup; any other tag in a title is meant as text, such as `List<String>`. */
const TITLE_MARKUP =
  /^<\/?(?:a|abbr|b|bdi|bdo|br|cite|code|del|em|font|i|img|ins|kbd|mark|p|q|s|small|span|strike|strong|sub|sup|tt|u|var|wbr)(?:[\s/][^<>]*)?>$/i;

/** An RSS title, which may be text or HTML: the format does not say which. */
export function textOfTitle(title: string): string {
  const parts = title.slice(0, LONGEST_HTML).split(/(<[^<>]*>)/);
  const isMarkup = (part: string, at: number) => at % 2 === 1 && TITLE_MARKUP.test(part);
  return textOfHtml(parts.map((part, at) => (isMarkup(part, at) ? part : part.replaceAll('<', '&lt;'))).join(''));
}
