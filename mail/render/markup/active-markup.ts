import { activeCss } from '../../css/safety.js';
import type { Placeholders } from '../../liquid/placeholders.js';
import type { Attribute } from './markup-scan.js';

const ELEMENTS = new Set(
  'script iframe frame object embed applet form input button select textarea base link svg math portal'.split(' '),
);
const SCHEMES = /^(?:https?|mailto|tel|sms|cid|ftp|file):/i;
const URLS = new Set(['href', 'src', 'background', 'action', 'formaction', 'data', 'poster', 'xlink:href']);
const ACTIVE_SCHEME = /^(?:javascript|vbscript|data|blob|view-source):/i;

/** Whether an element runs code or loads a document. */
export function isActiveElement(name: string): boolean {
  return ELEMENTS.has(name);
}

/** Whether an attribute of markup for Outlook runs code, also with Liquid between its letters. */
export function isActiveAttribute(
  { name, value }: Pick<Attribute, 'name' | 'value'>,
  placeholders: Placeholders,
): boolean {
  const bare = value.replace(/[\uE000-\uE001]\d*|\p{Cc}|\s/gu, '');
  if (/^on\w/.test(name) || name === 'srcdoc') return true;
  if (name === 'http-equiv') return /refresh/i.test(value);
  if (name === 'style') return activeCss(value) !== undefined;
  if (!URLS.has(name) || SCHEMES.test(bare)) return false;
  return ACTIVE_SCHEME.test(bare) || ACTIVE_SCHEME.test(placeholders.shown(value).trim());
}
