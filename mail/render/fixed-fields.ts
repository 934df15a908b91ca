import { type Brand, darkPalette, lightPalette } from '../../domain/brand/brand.js';
import { preferredLanguage } from '../../domain/language.js';
import { directionOf } from '../letter/document.js';
import { liquidContext, parseLiquid, renderLiquid } from '../liquid/engine.js';
import { guarded } from '../liquid/guard.js';
import { piecesOf } from '../liquid/pieces.js';
import { type Placeholders, withoutPlaceholders } from '../liquid/placeholders.js';
import { translate } from '../translate.js';
import type { RenderJob } from './job.js';

/** Values that are the same for all recipients of a letter. `content` is a mark that the body replaces later. */
export interface FixedFields {
  readonly brand: Readonly<Record<string, unknown>>;
  readonly mail: Readonly<Record<string, unknown>>;
  readonly content?: string;
}

const TAG_NAME = /^\{%-?\s*(\w+)/;
const LOOP = /^\{%-?\s*(?:for|tablerow)\s+(\w+)\s+in\b/;
const OPENERS = new Set(['if', 'unless', 'case', 'for', 'tablerow', 'capture']);
const BRANCHES = new Set(['else', 'elsif', 'when']);
const STRINGS = /"[^"]*"|'[^']*'/g;
/** `brand.colors.primary`, but not the name or an argument of a filter. */
const PATH = /(?<![\w.-])(?<!\|\s*)([a-z_]\w*)((?:\.\w+)*)(?!\w*\s*:)/gi;

/**
 * Fills the tags that depend only on the brand, the letter and its body, and sets aside those that need a recipient, so
 * that a letter is compiled once. Fixed values inside a recipient's tag become literals.
 */
export function fillFixedTags(source: string, fields: FixedFields, placeholders: Placeholders): string {
  const classifier = tagClassifier(fields);
  const prepared = piecesOf(source)
    .map(({ kind, source: piece }) => {
      const clean = withoutPlaceholders(piece);
      if (kind === 'text') return guarded(clean);
      return classifier.isFixed(clean) ? clean : placeholders.mark(classifier.literal(clean));
    })
    .join('');
  const templates = parseLiquid(prepared, 'html');
  return renderLiquid(templates, liquidContext(fields, 'html'), 'html');
}

function tagClassifier(fields: FixedFields) {
  const open: { readonly fixed: boolean; readonly local: string | undefined }[] = [];
  const assigned = new Set<string>();
  const isFixedPath = (root: string, path: string) => {
    if (assigned.has(root) || open.some(({ fixed, local }) => fixed && local === root)) return true;
    if (root === 'forloop') return open.findLast(({ local }) => local !== undefined)?.fixed ?? false;
    if (root === 'content') return fields.content !== undefined && path === '';
    return (root === 'brand' || root === 'mail') && path !== '';
  };
  const allFixed = (tag: string) => {
    const paths = pathsIn(tag);
    return paths.length > 0 && paths.every(([root, path]) => isFixedPath(root, path));
  };

  const opens = (tag: string, name: string) => {
    const local = LOOP.exec(tag)?.[1];
    const fixed = name !== 'capture' && allFixed(tag.replace(LOOP, '{%if '));
    open.push({ fixed, local });
    return fixed;
  };
  const assigns = (tag: string) => {
    const [, name = '', value = ''] = /^\{%-?\s*assign\s+(\w+)\s*=([\s\S]*?)-?%\}$/.exec(tag) ?? [];
    const fixed = allFixed(`{{${value}}}`);
    if (fixed) assigned.add(name);
    return fixed;
  };
  const isFixedTag = (tag: string, name: string) => {
    if (BRANCHES.has(name)) return open.at(-1)?.fixed ?? false;
    if (name === 'assign') return assigns(tag);
    return OPENERS.has(name) && opens(tag, name);
  };

  return {
    isFixed(tag: string): boolean {
      const name = TAG_NAME.exec(tag)?.[1];
      if (name?.startsWith('end')) return open.pop()?.fixed ?? false;
      return name === undefined ? allFixed(tag) : isFixedTag(tag, name);
    },
    /** A recipient's tag with literals in place of fixed values. */
    literal: (tag: string): string =>
      outsideStrings(tag, (piece) =>
        piece.replace(PATH, (path, root: string, rest: string) =>
          isFixedPath(root, rest) ? literalOf(valueAt(fields, path)) : path,
        ),
      ),
  };
}

const WORDS = new Set([
  'and',
  'or',
  'contains',
  'in',
  'true',
  'false',
  'nil',
  'null',
  'empty',
  'blank',
  'limit',
  'offset',
  'reversed',
]);

/** The variables that a tag reads: root and path. */
function pathsIn(tag: string): readonly (readonly [root: string, path: string])[] {
  const inner = tag.replace(/^\{[{%]-?/, '').replace(/-?[}%]\}$/, '');
  const name = tag.startsWith('{%') ? (/^\s*\w+/.exec(inner)?.[0] ?? '') : '';
  const bare = inner.slice(name.length).replace(STRINGS, '""');
  return Array.from(bare.matchAll(PATH), ([, root = '', path = '']) => [root, path] as const).filter(
    ([root]) => !WORDS.has(root),
  );
}

function outsideStrings(tag: string, by: (piece: string) => string): string {
  const strings = tag.match(STRINGS) ?? [];
  const head = TAG_NAME.exec(tag)?.[0] ?? '';
  const body = tag.slice(head.length);
  return (
    head +
    body
      .split(STRINGS)
      .map((piece, i) => by(piece) + (strings[i] ?? ''))
      .join('')
  );
}

function valueAt(fields: FixedFields, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    return (value as Readonly<Record<string, unknown>>)[key];
  }, fields);
}

/** Liquid strings have no escapes: a value with both kinds of quotes cannot be written exactly. */
function literalOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return value === null || value === undefined ? 'nil' : 'true';
  // The end of a tag ends it within a string too.
  const text = value.replace(/%(?=\})/g, '% ');
  return text.includes('"') ? `'${text.replaceAll("'", '’')}'` : `"${text}"`;
}

/** No name needs quotes, so that the stack is valid in any attribute. */
const FONTS: Readonly<Record<Brand['font'], string>> = {
  sans: '-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Arial, sans-serif',
  serif: 'Georgia, Cambria, Times New Roman, serif',
  mono: 'SFMono-Regular, Menlo, Consolas, monospace',
};

const NETWORKS: Readonly<Record<string, string>> = {
  github: 'GitHub',
  linkedin: 'LinkedIn',
  tiktok: 'TikTok',
  whatsapp: 'WhatsApp',
  x: 'X',
  youtube: 'YouTube',
};

/** The values that templates have at compile time: the brand with its light and dark colours, and the mail. */
export function fixedFields(job: RenderJob, placeholders: Placeholders, content?: string): FixedFields {
  const { brand, language, purpose } = job;
  const words = letterTranslations(language);
  const direction = directionOf(language);
  return {
    brand: {
      ...brand,
      colors: lightPalette(brand.colors),
      dark: darkPalette(brand.colors),
      font_family: FONTS[brand.font],
      social: brand.social.map(({ network, url }) => ({ url, network, label: labelOf(network, words.website) })),
    },
    mail: {
      subject: placeholders.hide(job.subject),
      preheader: job.preheader === null ? null : placeholders.hide(job.preheader),
      language,
      direction,
      align: direction === 'rtl' ? 'right' : 'left',
      purpose,
      campaign: purpose === 'campaign',
      words,
    },
    ...(content !== undefined && { content }),
  };
}

/** The translations that templates need; English for other languages. */
export function letterTranslations(language: string) {
  const own = preferredLanguage({ list: language });
  return {
    unsubscribe: translate(own, 'unsubscribe_button'),
    preferences: translate(own, 'letter_preferences'),
    view: translate(own, 'letter_view'),
    website: translate(own, 'letter_website'),
    product_update: translate(own, 'letter_whats_new'),
    total: translate(own, 'letter_total'),
  };
}

function labelOf(network: string, website: string): string {
  if (network === 'website') return website;
  return NETWORKS[network] ?? network.charAt(0).toUpperCase() + network.slice(1);
}
