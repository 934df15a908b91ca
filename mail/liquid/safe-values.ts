/** Schemes of links and images that a mail may contain. */
export const SAFE_SCHEMES = ['http', 'https', 'mailto', 'tel', 'sms', 'cid'];

const OWN_URL = /^\{\{-?\s*(?:unsubscribe_url|preferences_url|view_url)\s*-?\}\}$/;

/** Whether a tag prints an address that Everpost makes itself. */
export function isOwnUrl(tag: string): boolean {
  return OWN_URL.test(tag);
}

/** Browsers drop control characters and blanks before and within a scheme. */
const IGNORED = /[\p{Cc}\p{Cf}\p{Z}]+/gu;
/** What an address has before its path, query or fragment. */
const BEFORE_PATH = /^[^/?#]*/;
/** Character references of escaped values; others could write a colon. */
const HARMLESS_REFERENCES = /&(?:amp|lt|gt|quot|#34|#39);/g;

/** Schemes that run code or read the reader's machine. */
const HARMFUL_SCHEMES = [
  'javascript',
  'vbscript',
  'livescript',
  'data',
  'file',
  'blob',
  'filesystem',
  'view-source',
  'about',
];
const PICTURE = /^data:image\/(?:png|gif|jpe?g|webp);/i;

export interface UrlRules {
  /** A caller of the API wrote the value, who may use the scheme of an app. */
  readonly isTrusted?: boolean;
  readonly isPicture?: boolean;
}

/** Whether a browser would open an address, or ignore it, but not run it. The address may be escaped for HTML. */
export function isSafeUrl(url: string, { isTrusted = false, isPicture = false }: UrlRules = {}): boolean {
  const clean = url.replace(HARMLESS_REFERENCES, '_').replace(IGNORED, '');
  const [start = ''] = BEFORE_PATH.exec(clean) ?? [];
  if (start.includes('&')) return false;
  const colon = start.indexOf(':');
  const scheme = start.slice(0, colon).toLowerCase();
  if (colon === -1 || (isPicture && PICTURE.test(clean))) return true;
  return isTrusted ? !HARMFUL_SCHEMES.includes(scheme) : SAFE_SCHEMES.includes(scheme);
}

/** Whether a value stays within its declaration in a style. */
export function isSafeCss(value: string): boolean {
  if (/[;{}<>\\]|\/\*|url\s*\(|expression\s*\(|(?:java|vb)script\s*:/i.test(value)) return false;
  return ['"', "'"].every((quote) => value.split(quote).length % 2 === 1) && hasPairs(value);
}

function hasPairs(value: string): boolean {
  let depth = 0;
  for (const char of value) {
    depth += Number(char === '(') - Number(char === ')');
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** The same for an address, or a part of one, in `url()`. */
export function isSafeCssUrl(value: string): boolean {
  return !/[\s()<>\\"'`;{}]/.test(value) && isSafeUrl(value);
}
