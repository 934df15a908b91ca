import { parseDocument } from 'htmlparser2';
import { type Statement, statementsOf } from '../../css/reader.js';
import type { Placeholders } from '../../liquid/placeholders.js';
import { replacePlaceholders } from '../../liquid/placeholders.js';
import { hiddenMarkup } from '../markup/conditionals.js';
import { canInline, type Matches, matcherOf } from './selectors.js';

const SHEET = /<style\b([^>]*)>([\s\S]*?)<\/style\s*>/gi;
/** Markup that clients put around a mail, or that they alone know. */
const OF_CLIENTS =
  /ExternalClass|ReadMsgBody|outlook|ogs[bc]|oga[bc]|x-apple|MessageView|MessageWebView|yshortcuts|yahoo|moz-text|gmail|owa|office365|apple-mail|superhuman|protonmail|samsung|thunderbird|\bu\s*[+~]|-webkit-|-moz-|-ms-/i;
/** Other clients drop a list with such a selector as a whole; its authors count on it. */
const OF_ONE_CLIENT = /:-(?:ms|moz|webkit|o)-|^_|\.&/i;
/** Gmail reads 16 kB of sheets, and drops a sheet with more. */
const MOST_UNUSED = 8_000;

/** The kinds of rules that stay in a sheet. Each has an element of its own: Gmail drops a whole one for something that it does not know. */
interface Kept {
  readonly plain: string[];
  readonly nested: string[];
  readonly ofClients: string[];
}

/**
 * Divides each sheet into the rules that are inlined and those that stay in sheets: at-rules, states, pseudo-elements, and rules
 * for markup that is not in the document. `report` is told which rule is left out.
 */
export function dividedSheets(html: string, placeholders: Placeholders, report: (rule: string) => void): string {
  if (!/<style\b/i.test(html)) return html;
  const matches = matcherOf(parseDocument(html));
  const hidden = matcherOf(parseDocument(hiddenMarkupIn(html, placeholders)));
  let room = MOST_UNUSED;
  const isRoom = (rule: string) => {
    room -= rule.length;
    return room >= 0;
  };
  return html.replace(SHEET, (sheet, attributes: string, css: string) => {
    if (/\bdata-embed\b/i.test(attributes)) return sheet;
    const media = /\bmedia\s*=\s*["']?([^"'>]*)/i.exec(attributes)?.[1]?.trim() ?? '';
    if (media !== '' && !/^(?:all|screen)$/i.test(media)) return `<style data-embed${attributes}>${css}</style>`;
    const isOwn = /\bdata-everpost\b/i.test(attributes);
    const kept: Kept = { plain: [], nested: [], ofClients: [] };
    const inlined = statementsOf(css).map((statement) => {
      const { inline, rest } = divided(statement, { matches, hidden });
      const isUnused = isOwn && statement.kind === 'rule';
      if (rest !== '' && !isUnused && !keep(statement, rest, kept, isRoom)) report(rest);
      return inline;
    });
    return (
      sheetOf('style', attributes, inlined) +
      Object.values(kept)
        .map((rules) => sheetOf('style data-embed', attributes, rules))
        .join('')
    );
  });
}

/** Everpost's own sheet is for any body: what this one does not use is left out. */
function sheetOf(tag: string, given: string, rules: readonly string[]): string {
  const attributes = given.replace(/\s*data-everpost(?:="")?/i, '');
  const css = rules.filter((rule) => rule !== '').join('\n');
  return css === '' ? '' : `<${tag}${attributes}>\n${css}\n</style>`;
}

interface Divided {
  readonly inline: string;
  readonly rest: string;
}

function divided(
  statement: Statement,
  { matches, hidden }: { readonly matches: Matches; readonly hidden: Matches },
): Divided {
  if (statement.kind === 'at-rule') return { inline: '', rest: statement.source };
  const { selectors, block } = statement;
  const isForOne = selectors.some((selector) => OF_ONE_CLIENT.test(selector));
  const inline = isForOne ? [] : selectors.filter((selector) => canInline(selector) && matches(selector) === true);
  const rest = selectors.filter((selector) => !inline.includes(selector) || hidden(selector) === true);
  const ruleOf = (some: readonly string[]) => (some.length === 0 ? '' : `${some.join(', ')} {${block}}`);
  return { inline: ruleOf(inline), rest: inline.length === 0 ? statement.source : ruleOf(rest) };
}

/** Whether the rest of a statement stays in a sheet. */
function keep(
  statement: Statement,
  rest: string,
  { plain, nested, ofClients }: Kept,
  isRoom: (rule: string) => boolean,
): boolean {
  if (statement.kind === 'at-rule') {
    if (statement.name === 'charset' || statement.name === 'import') return false;
    const isPlain = /^(?:media|font-face|(?:-webkit-)?keyframes)$/.test(statement.name);
    (isPlain && !/@/.test(rest.slice(1)) ? plain : nested).push(rest);
    return true;
  }
  if (statement.selectors.some((selector) => !canInline(selector) && !OF_CLIENTS.test(selector))) plain.push(rest);
  else if (OF_CLIENTS.test(rest) || isRoom(rest)) ofClients.push(rest);
  else return false;
  return true;
}

/** The content of all comments for Outlook. */
function hiddenMarkupIn(html: string, { sourceOf }: Placeholders): string {
  const found: string[] = [];
  replacePlaceholders(html, (index, mark) => {
    found.push(hiddenMarkup(sourceOf(index)) ?? '');
    return mark;
  });
  return found.join('');
}
