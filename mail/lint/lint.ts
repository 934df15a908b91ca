import { isSetUp } from '../../domain/brand/brand.js';
import { type Finding, finding } from '../../domain/mail/finding.js';
import { offersUnsubscribe } from '../letter/unsubscribe.js';
import {
  hasPlaceholder,
  newPlaceholders as newMarks,
  type Placeholders,
  replacePlaceholders,
} from '../liquid/placeholders.js';
import type { RenderJob } from '../render/job.js';
import { attributesShielded } from '../render/scan.js';
import { accessibilityOf } from './accessibility.js';
import { contrastOf } from './contrast.js';
import { unknownFields } from './fields.js';
import { foreignTags } from './merge-tags.js';
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
    ...foreignTags(replacePlaceholders(`${placeholders.hide(letter.subject)}\n${marked}`, () => '')),
    ...(letter.fields === null ? [] : unknownFields(letter, letter.fields)),
    ...accessibilityOf(root),
    ...linksOf(root, placeholders),
    ...contrastOf(marked, placeholders),
  ];
  return found.map(({ where, ...rest }) =>
    where === undefined ? rest : { ...rest, where: placeholders.shown(where) },
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
    ...(offersUnsubscribe(html, 'html') ? [] : [finding('unsubscribe_missing')]),
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
    return faultsOf(href, placeholders).map((code) => finding(code, asWritten(placeholders.shown(href))));
  });
}

/** The address without the check that rendering adds. */
function asWritten(href: string): string {
  return href.replace(/\{% (?:end)?safe_url %\}/g, '');
}

function faultsOf(href: string, placeholders: Placeholders): Finding['code'][] {
  const shown = placeholders.shown(href);
  if (OURS.test(shown) || /^(?:mailto|tel|sms):/i.test(href) || /^#./.test(href)) return [];
  if (/^https?:\/\//i.test(href)) {
    return [
      ...(hasPlaceholder(href) ? (['link_personal'] as const) : []),
      ...(/^http:/i.test(href) ? (['link_not_https'] as const) : []),
    ];
  }
  return hasPlaceholder(href) ? ['link_personal'] : ['link_broken'];
}
