import { type Finding, finding } from '../../domain/finding.js';
import { hasMark, type Marks } from '../render/marks.js';
import { type Element, elementsIn } from './tree.js';

/** Everpost's own links are for one recipient each, and never tracked. */
const OURS = /\b(?:unsubscribe_url|preferences_url|view_url)\b/;

/** Where the links lead; marks stand for Liquid. */
export function linksOf(root: Element, marks: Marks): readonly Finding[] {
  return [...elementsIn(root)].flatMap(({ name, attribs }) => {
    const href = attribs['href']?.trim();
    if (name !== 'a' || href === undefined) return [];
    return faultsOf(href, marks).map((code) => finding(code, marks.restore(href)));
  });
}

function faultsOf(href: string, marks: Marks): Finding['code'][] {
  const shown = marks.restore(href);
  if (OURS.test(shown) || /^(?:mailto|tel|sms):/i.test(href) || /^#./.test(href)) return [];
  if (/^https?:\/\//i.test(href)) {
    return [
      ...(hasMark(href) ? (['link_personal'] as const) : []),
      ...(/^http:/i.test(href) ? (['link_not_https'] as const) : []),
    ];
  }
  return hasMark(href) ? ['link_personal'] : ['link_broken'];
}
