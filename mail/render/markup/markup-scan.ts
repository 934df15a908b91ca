import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

/** A comment or declaration of a document, as the HTML parser finds them: never in an attribute or in a sheet. */
export interface Remark {
  readonly start: number;
  readonly end: number;
  readonly kind: 'comment' | 'declaration';
  readonly data: string;
}

/** An attribute of a start tag. */
export interface Attribute {
  readonly tag: string;
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** As a client reads it. */
  readonly value: string;
}

export function remarksIn(html: string): readonly Remark[] {
  const found: Remark[] = [];
  read(html, {
    oncomment: (start, end, endOffset) => {
      if (!html.startsWith('<!--', start - 4)) return;
      const data = html.slice(start, Math.max(start, end - endOffset));
      found.push({ start: start - 4, end: Math.min(end + 1, html.length), kind: 'comment', data });
    },
    ondeclaration: (start, end) =>
      found.push({ start: start - 2, end: end + 1, kind: 'declaration', data: html.slice(start, end) }),
  });
  return found;
}

/** The names of the elements of a piece of markup, and the attributes of their start tags, in order. */
export function tagsIn(html: string): { readonly names: readonly string[]; readonly attributes: readonly Attribute[] } {
  const names: string[] = [];
  const attributes: Attribute[] = [];
  let [start, name, value] = [0, '', ''];
  read(html, {
    onopentagname: (from, to) => names.push(html.slice(from, to).toLowerCase()),
    onattribname: (from, to) => {
      [start, name, value] = [from, html.slice(from, to).toLowerCase(), ''];
    },
    onattribdata: (from, to) => {
      value += html.slice(from, to);
    },
    onattribentity: (codepoint) => {
      value += String.fromCodePoint(codepoint);
    },
    onattribend: (_quote, end) => attributes.push({ tag: names.at(-1) ?? '', start, end, name, value }),
  });
  return { names, attributes };
}

const ignore = () => {};

function read(html: string, callbacks: Partial<TokenizerCallbacks>): void {
  const all: TokenizerCallbacks = {
    ...{ onattribdata: ignore, onattribentity: ignore, onattribend: ignore, onattribname: ignore, oncdata: ignore },
    ...{ onclosetag: ignore, oncomment: ignore, ondeclaration: ignore, onend: ignore, onopentagend: ignore },
    ...{ onopentagname: ignore, onprocessinginstruction: ignore, onselfclosingtag: ignore, ontext: ignore },
    ontextentity: ignore,
    ...callbacks,
  };
  const tokenizer = new Tokenizer({ xmlMode: false, decodeEntities: true }, all);
  tokenizer.write(html);
  tokenizer.end();
}
