import { SAFE_SCHEMES } from '../../liquid/safe-values.js';

export const TAGS: readonly string[] =
  'html head body title meta style a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr picture source map area'.split(
    ' ',
  );
/** Elements removed with their content; of other elements the content stays. */
export const WITH_CONTENT = [
  'script',
  'iframe',
  'object',
  'embed',
  'applet',
  'textarea',
  'select',
  'option',
  'svg',
  'math',
  'xmp',
];

const EVERYWHERE =
  'class id style lang dir title role aria-* data-* align valign width height bgcolor background border hidden itemprop itemscope itemtype'.split(
    ' ',
  );
export const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  '*': EVERYWHERE,
  html: ['xmlns*'],
  meta: ['charset', 'name', 'content', 'http-equiv'],
  style: ['type', 'media'],
  a: ['href', 'name', 'target', 'rel', 'hreflang', 'type'],
  map: ['name'],
  area: ['href', 'alt', 'coords', 'shape', 'target', 'rel', 'nohref'],
  img: [
    ...['src', 'srcset', 'sizes', 'alt', 'hspace', 'vspace', 'loading', 'decoding', 'fetchpriority'],
    ...['name', 'longdesc', 'usemap', 'ismap'],
  ],
  hr: ['size', 'color', 'noshade'],
  source: ['srcset', 'media', 'type'],
  table: ['cellpadding', 'cellspacing', 'summary', 'rules', 'frame', 'bordercolor'],
  tr: ['bordercolor'],
  td: ['colspan', 'rowspan', 'headers', 'scope', 'abbr', 'nowrap', 'bordercolor'],
  th: ['colspan', 'rowspan', 'headers', 'scope', 'abbr', 'nowrap', 'bordercolor'],
  col: ['span'],
  colgroup: ['span'],
  ol: ['start', 'type', 'reversed'],
  ul: ['type'],
  li: ['value', 'type'],
  font: ['color', 'face', 'size'],
  br: ['clear'],
  body: ['text', 'link', 'vlink', 'alink', 'leftmargin', 'topmargin', 'marginwidth', 'marginheight'],
  blockquote: ['cite', 'type'],
  del: ['cite', 'datetime'],
  details: ['open'],
  ins: ['cite', 'datetime'],
  q: ['cite'],
  time: ['datetime'],
};

/** Of pictures; of other addresses. */
const PICTURE_SCHEMES = ['http', 'https', 'cid', 'data'];
export const SCHEMES = SAFE_SCHEMES.filter((scheme) => scheme !== 'cid');
export const SCHEMES_BY_TAG: Readonly<Record<string, readonly string[]>> = {
  img: PICTURE_SCHEMES,
  source: ['http', 'https'],
};
/** Attributes whose schemes are checked. */
export const ADDRESSES = ['href', 'src', 'background', 'cite', 'longdesc'];

/** Whether an element of the list may have an attribute. */
export function mayHave(tag: string, name: string): boolean {
  return [...EVERYWHERE, ...(ATTRIBUTES[tag] ?? [])].some((allowed) =>
    allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed,
  );
}

/** The scheme of an address if it is not allowed. Browsers skip blanks and control characters in it. */
export function foreignScheme(tag: string, name: string, value: string): string | undefined {
  if (!ADDRESSES.includes(name)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value.replace(/[\p{Cc}\s]/gu, ''))?.[1]?.toLowerCase();
  return scheme === undefined || (SCHEMES_BY_TAG[tag] ?? SCHEMES).includes(scheme) ? undefined : scheme;
}
