import { hasPlaceholder, type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';

/** Comments, elements whose content is not markup, tags, text, and a lone `<`. */
const HTML =
  /<!--[\s\S]*?-->|<(style|title|textarea|script|xmp)\b[\s\S]*?<\/\1\s*>|<\/?[a-z!](?:"[^"]*"|'[^']*'|[^"'>])*>|[^<]+|</gi;
/** A parser would open the row group after the tag that begins a loop over rows. */
const FIRST_ROW = /(<table\b[^>]*>)((?:\s|<!--\uE000\d+\uE001-->)+)(?=<tr\b)/gi;
/** MJML elements whose content MJML does not parse. */
const MJML =
  /<!--[\s\S]*?-->|<(mj-(?:text|button|raw|table|style|title|preview|accordion-title|accordion-text|navbar-link|social-element))\b[\s\S]*?<\/\1\s*>|<\/?[a-z!](?:"[^"]*"|'[^']*'|[^"'>])*>|[^<]+|</gi;

/**
 * Marks between attributes become an attribute, which parsers keep; the marks of a tag from first to last become one.
 */
export function attributesShielded(html: string, placeholders: Placeholders): string {
  return eachToken(html, (token) => (token.startsWith('<') ? attributesOf(token, placeholders) : token));
}

/** Marks between elements become comments, which are allowed anywhere in a tree, also between the rows of a table. */
export function textShielded(html: string): string {
  const shielded = eachToken(html, (token) =>
    token.startsWith('<') ? token : replacePlaceholders(token, (_, mark) => `<!--${mark}-->`),
  );
  return shielded.replace(FIRST_ROW, '$1<tbody>$2');
}

/** Reverses both. */
export function unshielded(html: string): string {
  return html
    .replace(/<!--(\uE000\d+\uE001)-->/g, '$1')
    .replace(/data-liquid-(\d{14,})(?:="")?/g, (_, index) => `\uE000${index}\uE001`);
}

function eachToken(html: string, by: (token: string) => string): string {
  if (!hasPlaceholder(html)) return html;
  return html.replace(HTML, (token, raw) => (raw !== undefined || token.startsWith('<!') ? token : by(token)));
}

/** MJML drops text and comments between its elements: marks and comments for Outlook become raw output. */
export function keptByMjml(source: string): string {
  return source.replace(MJML, (token, ending) => {
    if (ending?.toLowerCase() === 'mj-style') return inlineStyle(token);
    if (CONDITIONAL.test(token)) return `<mj-raw>${token}</mj-raw>`;
    if (ending !== undefined || token.startsWith('<')) return token;
    return replacePlaceholders(token, (_, mark) => `<mj-raw>${mark}</mj-raw>`);
  });
}

const CONDITIONAL = /^<!--\s*(?:\[if\b|<!\[endif\])/i;
const INLINE_STYLE = /^<mj-style\b[^>]*\binline\s*=\s*["']?inline\b[^>]*>([\s\S]*)<\/mj-style\s*>$/i;

/** MJML would inline such a sheet itself, and drop what cannot be inlined. */
function inlineStyle(token: string): string {
  const css = INLINE_STYLE.exec(token)?.[1];
  return css === undefined ? token : `<mj-raw><style data-inline>${css}</style></mj-raw>`;
}

/** A value that contains marks gets quotes, because a mark may stand for text with blanks. */
function withQuotes(tag: string): string {
  return tag.replace(UNQUOTED, (all, value) => (value === undefined ? all : `="${value}"`));
}

const UNQUOTED = /"[^"]*"|'[^']*'|=\s*([^\s"'<>=]*\uE000\d+\uE001[^\s"'<>]*)/g;

/** `{% if x %}class="a"{% endif %}` becomes one attribute. */
function attributesOf(given: string, placeholders: Placeholders): string {
  const tag = withQuotes(given);
  const bare = tag.replace(/"[^"]*"|'[^']*'/g, (value) => '"'.padEnd(value.length, ' '));
  const unquoted = [...bare.matchAll(/(?<!=\s*)\uE000\d+\uE001/g)];
  const [first, last] = [unquoted[0], unquoted.at(-1)];
  if (first === undefined || last === undefined) return tag;
  const end = last.index + last[0].length;
  const index = placeholders.shield(tag.slice(first.index, end)).slice(1, -1);
  return `${tag.slice(0, first.index)} data-liquid-${index}=""${tag.slice(end)}`;
}
