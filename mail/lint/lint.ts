import { isSetUp } from '../../domain/brand/brand.js';
import { type Finding, finding } from '../../domain/mail/finding.js';
import { NAMES_UNSUBSCRIBE } from '../letter/document.js';
import { LIQUID_TAG } from '../liquid/engine.js';
import { hasPlaceholder, newPlaceholders as newMarks, type Placeholders } from '../liquid/placeholders.js';
import { pathsIn } from '../render/fixed-fields.js';
import type { RenderJob } from '../render/job.js';
import { attributesShielded } from '../render/scan.js';
import { accessibilityOf } from './accessibility.js';
import { contrastOf } from './contrast.js';
import { type Element, elementsIn, treeOf } from './tree.js';

/** The input of the check: the sources of a letter and the rendered letter. */
export type LintInput = Pick<RenderJob, 'brand' | 'purpose' | 'fields' | 'subject'> & {
  readonly html: string;
  readonly text: string;
};

const KILOBYTE = 1_024;
const CUT_AT = 102 * KILOBYTE;
const NEAR = 90 * KILOBYTE;
const PLACEHOLDER = /\blorem ipsum\b|\[(?:your|insert|name|company)[^\]]{0,40}\]|\bTODO\b|\bXXX+\b/i;

/** The check before sending: pure, the same for a preview, a check and a launch. */
export function lintLetter(letter: LintInput): readonly Finding[] {
  const placeholders = newMarks();
  const marked = attributesShielded(placeholders.hide(letter.html), placeholders);
  const root = treeOf(marked);
  const found = [
    ...sizeFindings(letter.html),
    ...legalFindings(letter),
    ...textFindings(letter),
    ...(letter.fields === null ? [] : unknownFields([letter.subject, letter.html, letter.text], letter.fields)),
    ...accessibilityOf(root),
    ...linksOf(root, placeholders),
    ...contrastOf(marked, placeholders),
  ];
  return found.map(({ where, ...rest }) =>
    where === undefined ? rest : { ...rest, where: placeholders.restore(where) },
  );
}

function sizeFindings(html: string): Finding[] {
  const size = Buffer.byteLength(html);
  const shown = `${Math.ceil(size / KILOBYTE)} KB`;
  if (size > CUT_AT) return [finding('size_over_limit', shown)];
  return size > NEAR ? [finding('size_near_limit', shown)] : [];
}

/** Bulk mail must name a postal address and an unsubscribe link (CAN-SPAM, and the law of most countries). */
function legalFindings({ purpose, brand, html }: LintInput): Finding[] {
  if (purpose !== 'campaign') return [];
  const nameless = brand.postal_address === null;
  return [
    ...(NAMES_UNSUBSCRIBE.test(html) ? [] : [finding('unsubscribe_missing')]),
    ...(nameless ? [finding(isSetUp(brand) ? 'address_missing' : 'address_not_set')] : []),
  ];
}

function textFindings({ text, subject }: LintInput): Finding[] {
  const words = text.replace(/\{\{[^{}]*\}\}/g, (tag) => (tag.includes('unsubscribe_url') ? '' : tag)).trim();
  const placeholder = PLACEHOLDER.exec(`${subject}\n${text}`)?.[0];
  return [
    ...(words === '' ? [finding('text_missing')] : []),
    ...(placeholder === undefined ? [] : [finding('placeholder_text', placeholder)]),
  ];
}

/** Everpost's own links differ for each recipient and are never tracked. */
const OURS = /\b(?:unsubscribe_url|preferences_url|view_url)\b/;

/** Findings about the destinations of links; marks stand for Liquid. */
function linksOf(root: Element, placeholders: Placeholders): readonly Finding[] {
  return [...elementsIn(root)].flatMap(({ name, attribs }) => {
    const href = attribs['href']?.trim();
    if (name !== 'a' || href === undefined) return [];
    return faultsOf(href, placeholders).map((code) => finding(code, placeholders.restore(href)));
  });
}

function faultsOf(href: string, placeholders: Placeholders): Finding['code'][] {
  const shown = placeholders.restore(href);
  if (OURS.test(shown) || /^(?:mailto|tel|sms):/i.test(href) || /^#./.test(href)) return [];
  if (/^https?:\/\//i.test(href)) {
    return [
      ...(hasPlaceholder(href) ? (['link_personal'] as const) : []),
      ...(/^http:/i.test(href) ? (['link_not_https'] as const) : []),
    ];
  }
  return hasPlaceholder(href) ? ['link_personal'] : ['link_broken'];
}

/** Fields of every recipient. */
const BUILT_IN_FIELDS = [
  'email',
  'first_name',
  'last_name',
  'tags',
  'attributes',
  'unsubscribe_url',
  'preferences_url',
  'view_url',
];
const NAMES_A_VARIABLE = /^\{%-?\s*(?:assign|capture|for|tablerow|increment|decrement)\s+(\w+)/;
const CONDITION = /^\{%-?\s*(?:if|unless|elsif|case|when)\b/;
const HAS_DEFAULT = /\|\s*default\b/;

/** Fields that no recipient has, printed without a default and without a condition. */
function unknownFields(sources: readonly string[], fields: readonly string[]): readonly Finding[] {
  const tags = sources.flatMap((source) => source.match(LIQUID_TAG) ?? []);
  const known = new Set([...BUILT_IN_FIELDS, ...fields, 'forloop', 'tablerowloop']);
  for (const tag of tags) {
    const named = NAMES_A_VARIABLE.exec(tag)?.[1];
    if (named !== undefined) known.add(named);
    if (CONDITION.test(tag)) for (const path of pathsIn(tag)) known.add(fieldOf(path));
  }
  const printed = tags.filter((tag) => tag.startsWith('{{') && !HAS_DEFAULT.test(tag));
  return printed.flatMap((tag) =>
    pathsIn(tag)
      .filter((path) => !known.has(fieldOf(path)))
      .map((path) => finding('field_unknown', path.join(''))),
  );
}

/** `attributes.city` and `city` are the same field. */
function fieldOf([root, path]: readonly [string, string]): string {
  if (root !== 'attributes') return root;
  return path.split('.')[1] ?? root;
}
