import { isSetUp } from '../../domain/brand.js';
import { type Finding, finding } from '../../domain/finding.js';
import { NAMES_UNSUBSCRIBE } from '../document.js';
import type { RenderJob } from '../render/job.js';
import { marks as newMarks } from '../render/marks.js';
import { attributesShielded } from '../render/scan.js';
import { accessibilityOf } from './accessibility.js';
import { contrastOf } from './contrast.js';
import { unknownFields } from './fields.js';
import { linksOf } from './links.js';
import { treeOf } from './tree.js';

/** Everything a look at a letter needs: what it was made from and what came of it. */
export type Looked = Pick<RenderJob, 'brand' | 'purpose' | 'fields' | 'subject'> & {
  readonly html: string;
  readonly text: string;
};

const KILOBYTE = 1_024;
const CUT_AT = 102 * KILOBYTE;
const NEAR = 90 * KILOBYTE;
const PLACEHOLDER = /\blorem ipsum\b|\[(?:your|insert|name|company)[^\]]{0,40}\]|\bTODO\b|\bXXX+\b/i;

/** The look before sending: pure, the same for a preview, a check and a launch. */
export function lintLetter(letter: Looked): readonly Finding[] {
  const marks = newMarks();
  const marked = attributesShielded(marks.hide(letter.html), marks);
  const root = treeOf(marked);
  const found = [
    ...sizeOf(letter.html),
    ...lawOf(letter),
    ...textOf(letter),
    ...(letter.fields === null ? [] : unknownFields([letter.subject, letter.html, letter.text], letter.fields)),
    ...accessibilityOf(root),
    ...linksOf(root, marks),
    ...contrastOf(marked, marks),
  ];
  return found.map(({ where, ...rest }) => (where === undefined ? rest : { ...rest, where: marks.restore(where) }));
}

function sizeOf(html: string): Finding[] {
  const size = Buffer.byteLength(html);
  const shown = `${Math.ceil(size / KILOBYTE)} KB`;
  if (size > CUT_AT) return [finding('size_over_limit', shown)];
  return size > NEAR ? [finding('size_near_limit', shown)] : [];
}

/** Bulk mail names a postal address and a way out (CAN-SPAM, and most countries' law). */
function lawOf({ purpose, brand, html }: Looked): Finding[] {
  if (purpose !== 'campaign') return [];
  const nameless = brand.postal_address === null;
  return [
    ...(NAMES_UNSUBSCRIBE.test(html) ? [] : [finding('unsubscribe_missing')]),
    ...(nameless ? [finding(isSetUp(brand) ? 'address_missing' : 'address_not_set')] : []),
  ];
}

function textOf({ text, subject }: Looked): Finding[] {
  const words = text.replace(/\{\{[^{}]*\}\}/g, (tag) => (tag.includes('unsubscribe_url') ? '' : tag)).trim();
  const placeholder = PLACEHOLDER.exec(`${subject}\n${text}`)?.[0];
  return [
    ...(words === '' ? [finding('text_missing')] : []),
    ...(placeholder === undefined ? [] : [finding('placeholder_text', placeholder)]),
  ];
}
