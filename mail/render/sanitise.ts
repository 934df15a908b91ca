import sanitizeHtml from 'sanitize-html';
import { type Finding, finding } from '../../domain/mail/finding.js';
import { activeCss, harmlessCss } from '../css/safety.js';
import { destinationOf } from '../letter/links/destination.js';
import { htmlLinksIn } from '../letter/links/html-links.js';
import { type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';
import {
  ADDRESSES,
  ATTRIBUTES,
  foreignScheme,
  mayHave,
  SCHEMES,
  SCHEMES_BY_TAG,
  TAGS,
  WITH_CONTENT,
} from './markup/allowed-markup.js';
import { conditionalsShielded, type Removals } from './markup/conditionals.js';
import { checkedAttributes, checkedCss, checkedValue, namesTags } from './personal-values.js';

const HARMLESS_META = /^(?:content-type|x-ua-compatible|content-language)$/i;
const ACTIVE =
  /<\s*(?:\/\s*)?(?:script|iframe|object|embed|applet|form|base|link|svg|math|meta)\b|[\s}"'/]on\w+\s*=|javascript\s*:|srcdoc/i;
/** More of them are named by their number. */
const MOST_NAMED = 50;

/**
 * Removes everything that mails must not contain. Input and output have marks for Liquid; conditional comments for
 * Outlook become marks too.
 */
export function sanitised(
  html: string,
  placeholders: Placeholders,
): { readonly html: string; readonly findings: readonly Finding[] } {
  const removals: Removals = { placeholders, removed: new Set(), refused: new Set() };
  const { removed, refused } = removals;
  if (namesTags(html, placeholders)) refused.add('<');
  const shielded = conditionalsShielded(withoutActiveMarks(html, placeholders, removed), removals);
  const { base } = htmlLinksIn(shielded);
  const clean = sanitizeHtml(shielded, {
    allowedTags: TAGS,
    allowedAttributes: ATTRIBUTES,
    allowedSchemes: SCHEMES,
    allowedSchemesByTag: SCHEMES_BY_TAG,
    allowedSchemesAppliedToAttributes: ADDRESSES,
    allowProtocolRelative: true,
    allowVulnerableTags: true,
    parseStyleAttributes: false,
    nonTextTags: WITH_CONTENT,
    nestingLimit: 250,
    transformTags: {
      '*': (tagName, attribs) => ({ tagName, attribs: harmless(tagName, attribs, { ...removals, base }) }),
    },
    onOpenTag: (name) => {
      if (!TAGS.includes(name)) removed.add(`<${name}>`);
    },
  });
  const sheets = clean.replace(SHEET, (_, opening: string, css: string) => {
    const checked = checkedCss(
      harmlessCss(css, (what) => removed.add(`style ${what}`)),
      placeholders,
    );
    if (checked === undefined) refused.add('<style>');
    return checked === undefined ? '' : `${opening}${checked}</style>`;
  });
  return { html: sheets, findings: findingsOf(removals) };
}

const SHEET = /(<style\b[^>]*>)([\s\S]*?)<\/style\s*>/gi;

export function findingsOf({ removed, refused }: Removals): readonly Finding[] {
  const named = [...removed].slice(0, MOST_NAMED);
  const others = removed.size - named.length;
  return [
    ...[...refused].map((where) => finding('personal_markup', where)),
    ...named.map((where) => finding('markup_removed', where)),
    ...(others > 0 ? [finding('markup_removed', `${others} more`)] : []),
  ];
}

interface Cleaning extends Removals {
  /** The address that relative ones are relative to. */
  readonly base: string | undefined;
}

function harmless(tag: string, attribs: Record<string, string>, cleaning: Cleaning): Record<string, string> {
  const { placeholders, removed, refused, base } = cleaning;
  if (tag === 'meta' && !HARMLESS_META.test((attribs['http-equiv'] ?? 'content-type').trim())) {
    removed.add('<meta http-equiv>');
    return {};
  }
  const allowed = Object.entries(attribs).filter(([name, value]) => {
    const fault = faultOf(tag, name, value, placeholders);
    if (fault !== undefined && TAGS.includes(tag)) removed.add(fault);
    return fault === undefined;
  });
  return Object.fromEntries(
    allowed.flatMap(([name, value]) => {
      const whole = base !== undefined && isRelative(name, value) ? (destinationOf(value, base) ?? value) : value;
      const checked = checkedAttribute(name, whole, placeholders);
      if (checked === undefined) refused.add(`<${tag}>`);
      return checked === undefined ? [] : [checked];
    }),
  );
}

/** Why an attribute goes, for the findings; undefined: it stays. */
function faultOf(tag: string, name: string, value: string, placeholders: Placeholders): string | undefined {
  const shielded = /^data-liquid-(\d+)$/.exec(name)?.[1];
  if (shielded !== undefined)
    return ACTIVE.test(` ${placeholders.restore(placeholders.sourceOf(shielded))}`) ? `${tag} {…}` : undefined;
  const css = name === 'style' ? activeCss(value) : undefined;
  if (css !== undefined) return `${tag} style ${css}`;
  if (!mayHave(tag, name)) return `${tag} ${name}`;
  const scheme = foreignScheme(tag, name, value);
  return scheme === undefined ? undefined : `${tag} ${name} ${scheme}:`;
}

function isRelative(name: string, value: string): boolean {
  return ADDRESSES.includes(name) && !/^\s*(?:[a-z][a-z0-9+.-]*:|#|$|\uE000)/i.test(value);
}

function checkedAttribute(name: string, value: string, placeholders: Placeholders): [string, string] | undefined {
  const shielded = /^data-liquid-(\d+)$/.exec(name)?.[1];
  if (shielded !== undefined) {
    const markup = checkedAttributes(placeholders.sourceOf(shielded), placeholders);
    return markup === undefined ? undefined : [`data-liquid-${placeholders.shield(markup).slice(1, -1)}`, value];
  }
  const checked = checkedValue(name, value, placeholders);
  return checked === undefined ? undefined : [name, checked];
}

/** Removes Liquid that would print active markup for every recipient. */
function withoutActiveMarks(html: string, placeholders: Placeholders, removed: Set<string>): string {
  return replacePlaceholders(html, (index, mark) => {
    if (!ACTIVE.test(` ${placeholders.sourceOf(index)}`)) return mark;
    removed.add('Liquid that prints active markup');
    return '';
  });
}
