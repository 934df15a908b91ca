import { isSetUp } from '../../domain/brand/brand.js';
import { type Finding, finding } from '../../domain/mail/finding.js';
import { NAMES_UNSUBSCRIBE } from '../letter/document.js';
import { newPlaceholders as newMarks } from '../liquid/placeholders.js';
import type { RenderJob } from '../render/job.js';
import { attributesShielded } from '../render/scan.js';
import { accessibilityOf } from './accessibility.js';
import { contrastOf } from './contrast.js';
import { unknownFields } from './fields.js';
import { linksOf } from './links.js';
import { treeOf } from './tree.js';

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
