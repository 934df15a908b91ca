import { type Finding, finding } from '../../domain/mail/finding.js';
import { hasPlaceholder, type Placeholders } from '../liquid/placeholders.js';
import { type Element, elementsIn } from './tree.js';

/** Everpost's own links differ for each recipient and are never tracked. */
const OURS = /\b(?:unsubscribe_url|preferences_url|view_url)\b/;

/** Findings about the destinations of links; marks stand for Liquid. */
export function linksOf(root: Element, placeholders: Placeholders): readonly Finding[] {
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
