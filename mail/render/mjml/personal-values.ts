import { type Finding, finding } from '../../../domain/mail/finding.js';
import { hasPlaceholder, type Placeholders } from '../../liquid/placeholders.js';
import { type Attribute, tagsIn } from '../markup/markup-scan.js';
import { type AttributeTypes, kindOf } from './attribute-kinds.js';

/** MJML whose personal values are checked when they are rendered. */
export interface CheckedMjml {
  readonly source: string;
  /** Puts the values back that MJML had to calculate with, and reports those that it did not print. */
  finish(html: string): { readonly html: string; readonly findings: readonly Finding[] };
}

interface Checked {
  readonly where: string;
  /** Liquid that prints the value, or its fallback. */
  readonly value: string;
  /** Printed by MJML in its place; undefined: MJML prints the Liquid itself. */
  readonly standIn?: StandIn;
}

/** What MJML gets instead of a value, and what it prints: a length, or the whole number of a width or height. */
interface StandIn {
  readonly given: string;
  readonly printed: RegExp;
}

/** MJML computes the widths of columns from these; there is no other place for a personal value. */
const FIXED =
  /^(?:mj-column|mj-group) width$|^mj-(?:section|wrapper) gutter$|^mj-wrapper gap$|^mj-hero (?:height|mode)$/;
/** MJML prints the number alone. */
const WHOLE = /^(?:mj-image (?:width|height)|mj-table width|mj-social(?:-element)? icon-(?:size|height))$/;
/** MJML calculates with these, and prints them. */
const CALCULATED = /^(?:padding|inner-padding|text-padding|width|height|border-width)/;
/** Below the width of any column, and rare in mails. */
const FIRST_NUMBER = 61;

/** Wraps the personal values of MJML attributes, so that none leaves its declaration: a value that is not of its kind becomes MJML's default. */
export function checkedMjml(source: string, types: AttributeTypes, placeholders: Placeholders): CheckedMjml {
  const all: Checked[] = [];
  const fixed: string[] = [];
  let done = '';
  let from = 0;
  let lastNumber = FIRST_NUMBER;
  const nextNumber = () => {
    while (source.includes(String(lastNumber))) lastNumber += 1;
    lastNumber += 1;
    return lastNumber - 1;
  };
  for (const attribute of tagsIn(source).attributes.filter((one) => isPersonal(one, types))) {
    const { kind, fallback } = kindOf(attribute, types);
    const where = `${attribute.tag} ${attribute.name}`;
    done += source.slice(from, attribute.start);
    from = attribute.end;
    if (kind === 'fixed' || FIXED.test(where)) {
      fixed.push(where);
      continue;
    }
    const value = `${placeholders.mark(`{% css_value "${kind}" "${fallback}" %}`)}${attribute.value}${placeholders.mark('{% endcss_value %}')}`;
    const standIn = standInFor(where, { fallback, index: all.length, nextNumber });
    all.push({ where, value, ...(standIn !== undefined && { standIn }) });
    done += `${attribute.name}="${standIn?.given ?? value}"`;
  }
  return { source: done + source.slice(from), finish: (html) => finished(html, all, fixed) };
}

function isPersonal({ tag, name, value }: Attribute, types: AttributeTypes): boolean {
  return tag.startsWith('mj-') && hasPlaceholder(value) && kindOf({ tag, name }, types).kind !== 'content';
}

function standInFor(
  where: string,
  {
    fallback,
    index,
    nextNumber,
  }: { readonly fallback: string; readonly index: number; readonly nextNumber: () => number },
): StandIn | undefined {
  if (WHOLE.test(where)) {
    const number = nextNumber();
    return { given: `${number}px`, printed: new RegExp(`(?<![\\w.-])${number}(?:px)?(?![\\w.])`, 'g') };
  }
  const name = where.split(' ')[1] ?? '';
  if (!CALCULATED.test(name)) return undefined;
  // MJML calculates with the whole number and prints the string.
  const base = /^\d/.test(fallback) ? fallback : name === 'width' || name === 'height' ? '50%' : '0px';
  const given = base.replace(
    /^\d+(px|%)?/,
    (number, unit = 'px') => `${Number.parseInt(number, 10)}.0${1_000 + index}7${unit}`,
  );
  return { given, printed: new RegExp(given.replaceAll('.', '\\.'), 'g') };
}

/** Only the attributes of elements: a sheet or the name of a class is the same for all recipients. */
function finished(html: string, all: readonly Checked[], fixed: readonly string[]) {
  const lost: string[] = [...fixed];
  let done = html;
  for (const { where, value, standIn } of all) {
    const before = done;
    if (standIn !== undefined) done = withValue(done, standIn, value);
    if (!done.includes(value) && before === done) lost.push(where);
  }
  return { html: done, findings: lost.map((where) => finding('mjml_value_fixed', where)) };
}

const ATTRIBUTE = /(<style\b[\s\S]*?<\/style>)|(\s(?:style|width|height)=")([^"]*)"/gi;

function withValue(html: string, { printed }: StandIn, value: string): string {
  return html.replace(ATTRIBUTE, (all, sheet?: string, opening = '', inside = '') =>
    sheet === undefined ? `${opening}${inside.replace(printed, () => value)}"` : all,
  );
}
