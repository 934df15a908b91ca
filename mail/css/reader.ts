/** A statement of a sheet; `source` is as written. */
export type Statement =
  | { readonly kind: 'rule'; readonly source: string; readonly selectors: readonly string[]; readonly block: string }
  | { readonly kind: 'at-rule'; readonly source: string; readonly name: string };

export interface Declaration {
  readonly source: string;
  /** In lower case, escapes resolved. */
  readonly name: string;
  readonly value: string;
}

const BLANKS = /(?:\s|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|<!--|-->)*/y;
const UNQUOTED_URL = /url\(\s*(?!["'\s])/iy;

/** The statements of a sheet (CSS Syntax Module Level 3, §5.4.1). Never throws; takes linear time and no recursion. */
export function statementsOf(css: string): readonly Statement[] {
  const found: Statement[] = [];
  for (let at = afterBlanks(css, 0); at < css.length; ) {
    const isAtRule = css[at] === '@';
    const head = indexOf(css, at, isAtRule ? ';{' : '{');
    const end = css[head] === '{' ? endOfBlock(css, head) : Math.min(head + 1, css.length);
    const source = css.slice(at, end);
    const prelude = css.slice(at, head);
    if (isAtRule) found.push({ kind: 'at-rule', source, name: nameOf(prelude.slice(1)) });
    else if (css[head] === '{') found.push(rule(source, prelude));
    at = afterBlanks(css, end);
  }
  return found;
}

function rule(source: string, prelude: string): Statement {
  const block = source.slice(prelude.length + 1).replace(/\}$/, '');
  return { kind: 'rule', source, selectors: split(prelude, ',').map(withoutComments), block };
}

/** The declarations of a block or of a style attribute. */
export function declarationsOf(block: string): readonly Declaration[] {
  return split(block, ';').flatMap((source) => {
    const bare = withoutComments(source);
    const colon = bare.indexOf(':');
    return colon < 0 ? [] : [{ source, name: nameOf(bare.slice(0, colon)), value: bare.slice(colon + 1).trim() }];
  });
}

/** CSS as a client understands it: without comments, escapes resolved. */
export function resolved(css: string): string {
  return withoutComments(css).replace(/\\(?:([0-9a-f]{1,6})\s?|([^\n]))/gi, (_, hex?: string, char?: string) =>
    hex === undefined ? (char ?? '') : characterOf(Number.parseInt(hex, 16)),
  );
}

function withoutComments(css: string): string {
  return css.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '').trim();
}

function characterOf(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD';
}

function nameOf(prelude: string): string {
  return (/^[^\s({;"']*/.exec(resolved(prelude))?.[0] ?? '').toLowerCase();
}

function afterBlanks(css: string, at: number): number {
  BLANKS.lastIndex = at;
  return at + (BLANKS.exec(css)?.[0].length ?? 0);
}

/** The pieces between separators outside of strings, brackets and comments; empty ones are left out. */
function split(css: string, separator: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < css.length; ) {
    const end = indexOf(css, at, separator);
    const piece = css.slice(at, end).trim();
    if (piece !== '') pieces.push(piece);
    at = end + 1;
  }
  return pieces;
}

/** The first of the stops outside of strings, brackets and comments, or the end. */
function indexOf(css: string, from: number, stops: string): number {
  let depth = 0;
  let at = from;
  for (; at < css.length; at = afterUnit(css, at)) {
    const char = css[at] ?? '';
    if (depth <= 0 && stops.includes(char)) return at;
    if (char === '(' || char === '[' || char === '{') depth += 1;
    else if (char === ')' || char === ']' || char === '}') depth -= 1;
  }
  return css.length;
}

function endOfBlock(css: string, brace: number): number {
  let depth = 0;
  for (let at = brace; at < css.length; at = afterUnit(css, at)) {
    if (css[at] === '{') depth += 1;
    if (css[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return css.length;
}

/** The position behind a character, or behind the string, escape, comment or unquoted URL that begins there. */
function afterUnit(css: string, at: number): number {
  const char = css[at];
  if (char === '\\') return at + 2;
  if (char === '"' || char === "'") return afterString(css, at, char);
  if (char === '/' && css[at + 1] === '*') return afterText(css, at + 2, '*/');
  if (char !== 'u' && char !== 'U') return at + 1;
  UNQUOTED_URL.lastIndex = at;
  const url = UNQUOTED_URL.exec(css);
  return url === null ? at + 1 : afterText(css, at + url[0].length, ')');
}

/** A string without an end stops at the end of its line. */
function afterString(css: string, start: number, quote: string): number {
  for (let at = start + 1; at < css.length; at += css[at] === '\\' ? 2 : 1) {
    if (css[at] === quote || css[at] === '\n') return at + 1;
  }
  return css.length;
}

function afterText(css: string, from: number, text: string): number {
  const found = css.indexOf(text, from);
  return found < 0 ? css.length : found + text.length;
}
