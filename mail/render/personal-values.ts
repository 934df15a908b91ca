import { type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';
import { isOwnUrl, isSafeUrl } from '../liquid/safe-values.js';

/** Attributes whose value a mail client opens or loads. */
const URLS = new Set([
  'href',
  'src',
  'srcset',
  'background',
  'cite',
  'action',
  'formaction',
  'poster',
  'longdesc',
  'lowsrc',
  'dynsrc',
  'data',
  'xlink:href',
]);
const PICTURES = new Set(['src', 'srcset', 'background', 'poster', 'lowsrc', 'dynsrc']);
/** Tags that print nothing themselves; any other may. */
const SILENT =
  /^\{%-?\s*(?:#|(?:if|elsif|else|endif|unless|endunless|case|when|endcase|for|endfor|break|continue|assign|capture|endcapture|safe_url|endsafe_url|css_value|endcss_value)\b)/;
const OPENS = /^\{%-?\s*(?:if|unless|case|for|tablerow|capture)\b/;
const CLOSES = /^\{%-?\s*end(?:if|unless|case|for|tablerow|capture)\b/;
const FILTERABLE = /^\{\{|^\{%-?\s*echo\b/;
const FIRST = /^([^\uE000]*)\uE000(\d+)\uE001/;
const ATTRIBUTE = /([^\s"'<>/=\uE000\uE001]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'<>]+)/g;
/** An address, and what follows up to the comma behind it. */
const CANDIDATE = /([^\s,](?:\S*[^\s,])?)([^,]*)/g;
const TAG = /<[a-z](?:"[^"]*"|'[^']*'|[^"'>])*>/gi;
const IN_URL = /url\(\s*["']?[^)"']*$/i;

function prints(tag: string): boolean {
  return !SILENT.test(tag);
}

/** The value with checks that run when it is rendered; undefined: it cannot be checked and is refused. */
export function checkedValue(name: string, value: string, placeholders: Placeholders): string | undefined {
  if (!value.includes('\uE000')) return value;
  if (name.toLowerCase() !== name) return checkedValue(name.toLowerCase(), value, placeholders);
  if (name === 'style') return checkedCss(value, placeholders);
  if (name === 'srcset') return checkedCandidates(value, placeholders);
  return URLS.has(name) ? checkedUrl(value, placeholders, PICTURES.has(name) ? ' image' : '') : value;
}

/** Each address of a list of pictures for several densities or widths. */
function checkedCandidates(value: string, placeholders: Placeholders): string | undefined {
  let refused = false;
  const checked = value.replace(CANDIDATE, (_, url: string, size: string) => {
    const inside = checkedUrl(url, placeholders, ' image');
    refused ||= inside === undefined;
    return inside + size;
  });
  return refused ? undefined : checked;
}

/** An address whose beginning is personal is checked as a whole. A block that begins or ends in it cannot be. */
function checkedUrl(value: string, placeholders: Placeholders, kind: string): string | undefined {
  const [, before = '', index = ''] = FIRST.exec(value) ?? [];
  const isFixed = /^\s*(?:[a-z][a-z0-9+.-]*:|[/?#.])/i.test(before) && isSafeUrl(before);
  if (isFixed) return value;
  if (before.trim() === '' && isOwnUrl(placeholders.sourceOf(index))) return value;
  if (!isBalanced(value, placeholders)) return undefined;
  return `${placeholders.mark(`{% safe_url${kind} %}`)}${value}${placeholders.mark('{% endsafe_url %}')}`;
}

function isBalanced(value: string, placeholders: Placeholders): boolean {
  let depth = 0;
  let isValid = true;
  replacePlaceholders(value, (index, mark) => {
    const tag = placeholders.sourceOf(index);
    depth += Number(OPENS.test(tag)) - Number(CLOSES.test(tag));
    isValid &&= depth >= 0;
    return mark;
  });
  return isValid && depth === 0;
}

/** Each value in a style is checked for itself, so that none ends its declaration. */
export function checkedCss(css: string, placeholders: Placeholders): string | undefined {
  let done = '';
  let from = 0;
  for (const { 0: mark, 1: index = '', index: at } of css.matchAll(/\uE000(\d+)\uE001/g)) {
    const tag = placeholders.sourceOf(index);
    const isPersonal = prints(tag);
    if (isPersonal && !FILTERABLE.test(tag)) return undefined;
    const filter = IN_URL.test(css.slice(Math.max(0, at - 2_000), at)) ? 'safe_css_url' : 'safe_css';
    done += css.slice(from, at) + (isPersonal ? placeholders.mark(filtered(tag, filter)) : mark);
    from = at + mark.length;
  }
  return done + css.slice(from);
}

function filtered(tag: string, filter: string): string {
  return tag.replace(/\s*(-?[%}]\})$/, ` | ${filter} $1`);
}

/**
 * Markup between the attributes of a tag, as in `{% if x %}href="{{ y }}"{% endif %}`, with its values checked; undefined
 * if a value would be the name of an attribute.
 */
export function checkedAttributes(markup: string, placeholders: Placeholders): string | undefined {
  let refused = false;
  const checked = markup.replace(ATTRIBUTE, (all, name: string, equals: string, given: string) => {
    const quote = /^["']/.exec(given)?.[0] ?? '';
    const value = checkedValue(
      name.toLowerCase(),
      given.slice(quote.length, given.length - quote.length),
      placeholders,
    );
    refused ||= value === undefined;
    return value === undefined ? all : `${name}${equals}${quote || '"'}${value}${quote || '"'}`;
  });
  const names = checked.replace(/=\s*(?:"[^"]*"|'[^']*')/g, '');
  return refused || printsIn(names, placeholders) ? undefined : checked;
}

/** The same for each tag in a piece of markup. */
export function checkedMarkup(markup: string, placeholders: Placeholders): string | undefined {
  let refused = false;
  const checked = markup.replace(TAG, (tag) => {
    const inside = checkedAttributes(tag, placeholders);
    refused ||= inside === undefined;
    return inside ?? tag;
  });
  return refused ? undefined : checked;
}

/** A part of the name of a tag, or the name of an end tag. A value after a lone `<` is text. */
const IN_NAME = /<(?:\/|\/?[a-z][^\s<>"'/\uE000]*)((?:\uE000\d+\uE001)+)/gi;

/** Whether a personal value would be the name of a tag. */
export function namesTags(html: string, placeholders: Placeholders): boolean {
  return [...html.matchAll(IN_NAME)].some(([, marks = '']) => printsIn(marks, placeholders));
}

function printsIn(text: string, placeholders: Placeholders): boolean {
  let found = false;
  replacePlaceholders(text, (index, mark) => {
    found ||= prints(placeholders.sourceOf(index));
    return mark;
  });
  return found;
}
