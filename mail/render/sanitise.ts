import sanitizeHtml from 'sanitize-html';
import { type Finding, finding } from '../../domain/mail/finding.js';
import { type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';
import { SAFE_SCHEMES } from '../liquid/safe-values.js';
import { checkedAttributes, checkedCss, checkedMarkup, checkedValue, namesTags } from './personal-values.js';

const TAGS =
  'html head body title meta style a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr picture source'.split(
    ' ',
  );
/** Elements removed with their content; of other elements the content stays. */
const WITH_CONTENT = [
  'script',
  'noscript',
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
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  '*': EVERYWHERE,
  html: ['xmlns*'],
  meta: ['charset', 'name', 'content', 'http-equiv'],
  style: ['type', 'media'],
  a: ['href', 'name', 'target', 'rel'],
  img: ['src', 'srcset', 'alt', 'hspace', 'vspace', 'loading'],
  source: ['srcset', 'media', 'type'],
  table: ['cellpadding', 'cellspacing', 'summary', 'rules', 'frame'],
  td: ['colspan', 'rowspan', 'headers', 'scope', 'nowrap'],
  th: ['colspan', 'rowspan', 'headers', 'scope', 'abbr', 'nowrap'],
  col: ['span'],
  colgroup: ['span'],
  ol: ['start', 'type', 'reversed'],
  ul: ['type'],
  li: ['value', 'type'],
  font: ['color', 'face', 'size'],
  br: ['clear'],
  body: ['text', 'link', 'vlink', 'alink'],
  blockquote: ['cite'],
  q: ['cite'],
  time: ['datetime'],
};

const HARMLESS_META = /^(?:content-type|x-ua-compatible|content-language)$/i;
/** CSS that runs code or loads other resources. */
const BAD_CSS =
  /expression\s*\(|javascript\s*:|vbscript\s*:|-moz-binding|behavior\s*:|@import|url\(\s*(?:["']\s*)?(?!https?:|cid:|["'\s#\uE000])[a-z]+:/i;
const RUNS = /expression\s*\(|javascript\s*:|vbscript\s*:/i;
const ACTIVE =
  /<\s*(?:\/\s*)?(?:script|iframe|object|embed|applet|form|base|link|svg|math|meta)\b|[\s}"'/]on\w+\s*=|javascript\s*:|srcdoc/i;
const CONDITIONAL =
  /<!--\s*\[if\b[^\]]*\]>\s*<!-->|<!--\s*<!\[endif\]\s*-->|<!--\s*\[if\b[^\]]*\]>[\s\S]*?<!\[endif\]\s*-->/gi;

/**
 * Removes everything that mails must not contain. Input and output have marks for Liquid; conditional comments for
 * Outlook become marks too.
 */
export function sanitised(
  html: string,
  placeholders: Placeholders,
): { readonly html: string; readonly findings: readonly Finding[] } {
  const removed = new Set<string>();
  const refused = new Set<string>();
  if (namesTags(html, placeholders)) refused.add('<');
  const shielded = shieldComments(withoutActiveMarks(html, placeholders, removed), { placeholders, removed, refused });
  const clean = sanitizeHtml(shielded, {
    allowedTags: TAGS,
    allowedAttributes: ATTRIBUTES,
    allowedSchemes: SAFE_SCHEMES.filter((scheme) => scheme !== 'cid'),
    allowedSchemesByTag: { img: ['http', 'https', 'cid', 'data'], source: ['http', 'https'] },
    allowedSchemesAppliedToAttributes: ['href', 'src', 'background', 'cite'],
    allowProtocolRelative: true,
    allowVulnerableTags: true,
    parseStyleAttributes: false,
    nonTextTags: WITH_CONTENT,
    nestingLimit: 250,
    transformTags: {
      '*': (tagName, attribs) => ({ tagName, attribs: harmless(tagName, attribs, { placeholders, removed, refused }) }),
    },
    onOpenTag: (name) => {
      if (!TAGS.includes(name)) removed.add(`<${name}>`);
    },
  });
  const sheets = clean.replace(/<style\b[^>]*>[\s\S]*?<\/style\s*>/gi, (style) => {
    const checked = checkedCss(harmlessSheet(style, removed), placeholders);
    if (checked === undefined) refused.add('<style>');
    return checked ?? '';
  });
  const findings = [
    ...[...refused].map((where) => finding('personal_markup', where)),
    ...[...removed].map((where) => finding('markup_removed', where)),
  ];
  return { html: sheets, findings };
}

interface Removals {
  readonly placeholders: Placeholders;
  /** Markup that mails must not contain. */
  readonly removed: Set<string>;
  /** Markup with a personal value that cannot be checked when it is rendered. */
  readonly refused: Set<string>;
}

function harmless(
  tag: string,
  attribs: Record<string, string>,
  { placeholders, removed, refused }: Removals,
): Record<string, string> {
  const refreshing = tag === 'meta' && !HARMLESS_META.test((attribs['http-equiv'] ?? 'content-type').trim());
  if (refreshing) removed.add('<meta http-equiv>');
  const allowed = Object.entries(attribs).filter(([name, value]) => {
    const liquid = ` ${placeholders.restore(placeholders.sourceOf(/^data-liquid-(\d+)$/.exec(name)?.[1] ?? -1))}`;
    const active =
      name.startsWith('on') || ACTIVE.test(liquid) || (name === 'style' && BAD_CSS.test(value) && !hasSafeCss(value));
    if (active) removed.add(`${tag} ${name}`);
    return !active && !refreshing;
  });
  return Object.fromEntries(
    allowed.flatMap(([name, value]) => {
      const checked = checkedAttribute(name, value, placeholders);
      if (checked === undefined) refused.add(`<${tag}>`);
      return checked === undefined ? [] : [checked];
    }),
  );
}

function checkedAttribute(name: string, value: string, placeholders: Placeholders): [string, string] | undefined {
  const shielded = /^data-liquid-(\d+)$/.exec(name)?.[1];
  if (shielded !== undefined) {
    const markup = checkedAttributes(placeholders.sourceOf(shielded), placeholders);
    return markup === undefined ? undefined : [`data-liquid-${placeholders.shield(markup).slice(1, -1)}`, value];
  }
  const checked = checkedValue(name, value, placeholders);
  return checked === undefined ? undefined : [name, checked];
}

/** In a style, an image in a data: URL is the only harmless URL of that scheme. */
function hasSafeCss(value: string): boolean {
  return !BAD_CSS.test(value.replace(/url\(\s*["']?data:image\/(?:png|gif|jpeg)/gi, 'url(https:'));
}

/** Removes rules of a sheet that import or run code; the others stay. */
function harmlessSheet(sheet: string, removed: Set<string>): string {
  if (!BAD_CSS.test(sheet)) return sheet;
  removed.add('style');
  return sheet
    .replace(/@import[^;]*;?/gi, '')
    .replace(/[^;{}<>]+;?/g, (rule) => (RUNS.test(rule) ? '' : rule))
    .replace(/(?:-moz-binding|behavior)\s*:[^;{}]*;?/gi, '')
    .replace(/url\(\s*(?:["']\s*)?(?!https?:|cid:|["'\s#\uE000])[a-z]+:[^)<]*\)?/gi, 'none');
}

/** Removes Liquid that would print active markup for every recipient. */
function withoutActiveMarks(html: string, placeholders: Placeholders, removed: Set<string>): string {
  return replacePlaceholders(html, (index, mark) => {
    if (!ACTIVE.test(` ${placeholders.sourceOf(index)}`)) return mark;
    removed.add('Liquid that prints active markup');
    return '';
  });
}

/**
 * Word's engine, which reads conditional comments, runs no scripts; anything that resembles one is removed all the
 * same.
 */
function shieldComments(html: string, { placeholders, removed, refused }: Removals): string {
  return html.replace(/<!doctype[^>]*>/i, placeholders.shield).replace(CONDITIONAL, (comment) => {
    const checked = checkedMarkup(comment, placeholders);
    if (checked === undefined) refused.add('conditional comment');
    if (ACTIVE.test(comment)) removed.add('conditional comment');
    return checked === undefined || ACTIVE.test(comment) ? '' : placeholders.shield(checked);
  });
}
