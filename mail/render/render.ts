import juice from 'juice';
import { distinct, type Finding, finding } from '../../domain/mail/finding.js';
import { endOfTag, isDocument } from '../letter/document.js';
import { lintLetter } from '../lint/lint.js';
import { complexityOf, TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault, parseLiquid } from '../liquid/engine.js';
import type { Unfilled } from '../liquid/fill-parts.js';
import { piecesOf } from '../liquid/pieces.js';
import { newPlaceholders as newMarks, type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';
import { ADDRESS_TAGS } from '../liquid/printed-address.js';
import { htmlOfBlocks } from './blocks.js';
import { excessOf, MOST_MJML_ELEMENTS } from './bounds.js';
import { finishLetter } from './finish.js';
import { fillFixedTags, fixedFields } from './fixed-fields.js';
import type { Body, Rendered, RenderJob } from './job.js';
import { conditionalsShielded, hiddenMarkup } from './markup/conditionals.js';
import { compiledMjml } from './mjml/compiled-mjml.js';
import { findingsOf, sanitised } from './sanitise.js';
import { attributesShielded, textShielded, unshielded } from './scan.js';
import { dividedSheets } from './sheets/sheets.js';
import { contentStyle } from './style.js';
import { trialFault } from './trial.js';

type Finished = Pick<Rendered, 'html' | 'text' | 'textLinks'>;

interface Piece {
  readonly html: string;
  readonly findings: readonly Finding[];
}

/** Rules that cannot be inlined stay in a sheet: media queries, states, fonts; `data-embed` keeps a sheet as it is. */
const INLINING: juice.Options = {
  preservePseudos: true,
  applyWidthAttributes: false,
  applyHeightAttributes: false,
  applyAttributesTableElements: false,
};

/** A field of the job that cannot be rendered, and the reason. The pool turns it into a refusal. */
export class RenderFault extends Error {
  override readonly name = 'RenderFault';
  readonly field: 'template' | 'body';
  readonly code: Unfilled['code'];
  constructor(field: RenderFault['field'], reason: string, code: RenderFault['code'] = 'not_renderable') {
    super(reason);
    this.field = field;
    this.code = code;
  }
}

/**
 * Renders a whole letter: body in template, styles inlined, text part, preheader, footer. Only the recipients' Liquid
 * is left. Pure, but slow: do not run it on the main event loop.
 */
export async function renderLetter(job: RenderJob): Promise<Rendered> {
  demandLiquid(job);
  const placeholders = newMarks();
  const body = job.body === null ? { html: '', findings: [] } : await bodyHtml(job.body, job, placeholders);
  const document = job.template === null ? body : await templateHtml(job, body.html, placeholders);
  demandBounded(job.body === null ? 'template' : 'body', document.html);
  const clean = sanitised(attributesShielded(document.html, placeholders), placeholders);
  const unused: Finding[] = [];
  const divided = dividedSheets(clean.html, placeholders, (rule) => unused.push(finding('css_removed', rule)));
  const inlined = juice(textShielded(divided), INLINING);
  const letter = finishLetter(job, placeholders.restoreHtml(unshielded(compact(inlined))));
  demandOwnTags(job, letter, placeholders);
  demandSendable(job, letter);
  const found = [
    ...body.findings,
    ...document.findings,
    ...clean.findings,
    ...unused,
    ...lintLetter({ ...job, ...letter }),
  ];
  return { ...letter, findings: distinct(found) };
}

/** Strings, in which blanks count, and blanks. */
const BLANKS = /("(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|\s+/g;

/** Removes line breaks from sheets; a sheet for Outlook alone is never included. */
function compact(html: string): string {
  const bare = html.replace(/<style data-embed/gi, '<style');
  return bare.replace(/<style\b[^>]*>[\s\S]*?<\/style>/gi, (sheet) =>
    sheet.replace(BLANKS, (blanks, text) => (text === undefined ? ' ' : blanks)),
  );
}

/** The body as HTML with marks. It may use the brand, but cannot contain another body. */
async function bodyHtml(body: Body, job: RenderJob, placeholders: Placeholders): Promise<Piece> {
  if (body.format === 'blocks') return { html: htmlOfBlocks(body.blocks, placeholders), findings: [] };
  const filled = filledOrFault('body', () => fillFixedTags(body.source, fixedFields(job, placeholders), placeholders));
  if (body.format === 'html') {
    // Inside a template, only the body element of a whole document and its sheets are used.
    if (job.template === null || !isDocument(filled)) return { html: filled, findings: [] };
    const removals = { placeholders, removed: new Set<string>(), refused: new Set<string>() };
    return { html: insideOf(conditionalsShielded(filled, removals), placeholders), findings: findingsOf(removals) };
  }
  const whole = /<mjml[\s>]/i.test(filled) ? filled : `<mjml><mj-body>${filled}</mj-body></mjml>`;
  const compiled = await mjmlHtml('body', whole, { ...job, placeholders });
  if (job.template === null) return compiled;
  const removals = { placeholders, removed: new Set<string>(), refused: new Set<string>() };
  const shielded = conditionalsShielded(compiled.html, removals);
  return { html: insideOf(shielded, placeholders), findings: [...compiled.findings, ...findingsOf(removals)] };
}

async function templateHtml(job: RenderJob, content: string, placeholders: Placeholders): Promise<Piece> {
  if (job.template === null) throw new RenderFault('template', 'There is none.');
  const { format, source } = job.template;
  const contentPlaceholder = placeholders.mark('');
  const filled = filledOrFault('template', () =>
    fillFixedTags(source, fixedFields(job, placeholders, contentPlaceholder), placeholders),
  );
  const { html, findings } =
    format === 'mjml' ? await mjmlHtml('template', filled, { ...job, placeholders }) : { html: filled, findings: [] };
  const whole = isDocument(html) ? html : `<!doctype html>\n<html><head></head><body>\n${html}\n</body></html>`;
  const hasContentClass = whole.includes('ep-content');
  const withContent = whole
    .split(contentPlaceholder)
    .join(hasContentClass ? content : `<div class="ep-content">${content}</div>`);
  return { html: withHead(withContent, contentStyle(job, hasContentClass)), findings };
}

/** Before the template's own styles, so that those win. */
function withHead(html: string, block: string): string {
  const at = endOfTag(html, 'head');
  if (at === undefined) return html.replace(/<html\b[^>]*>/i, (tag) => `${tag}<head>${block}</head>`);
  return html.slice(0, at) + block + html.slice(at);
}

async function mjmlHtml(
  field: RenderFault['field'],
  source: string,
  { language, placeholders }: { readonly language: string; readonly placeholders: Placeholders },
): Promise<Piece> {
  demandBounded(field, source, MOST_MJML_ELEMENTS);
  const named = /<mjml\b[^>]*\slang=/i.test(source) ? source : source.replace(/<mjml\b/i, `<mjml lang="${language}"`);
  try {
    return await compiledMjml(named, placeholders);
  } catch (error) {
    throw new RenderFault(field, `The MJML cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The content of a document's body, and of its head the sheets, also those for Outlook alone. */
function insideOf(html: string, placeholders: Placeholders): string {
  const at = endOfTag(html, 'body') ?? 0;
  const sheets = (html.match(SHEETS) ?? []).join('\n');
  const forOutlook: string[] = [];
  replacePlaceholders(html.slice(0, at), (index, mark) => {
    if (hiddenMarkup(placeholders.sourceOf(index))?.includes('<style')) forOutlook.push(mark);
    return mark;
  });
  const body = html.slice(at).replace(/<\/body\s*>[\s\S]*$/i, '');
  const shown = body.replace(/<head\b[^>]*>[\s\S]*?<\/head>|<!doctype[^>]*>|<\/?(?:html|body)\b[^>]*>/gi, '');
  return `${sheets}${forOutlook.join('')}${shown.replace(SHEETS, '')}`;
}

const SHEETS = /<style\b[^>]*>[\s\S]*?<\/style\s*>/gi;

function demandBounded(field: RenderFault['field'], source: string, most?: number): void {
  const excess = excessOf(source, most);
  if (excess !== undefined) throw new RenderFault(field, excess.reason, excess.code);
}

/** Everpost's own tags, in footers and around the addresses of a text part. */
const OWN_TAGS = ['{{ unsubscribe_url }}', ...ADDRESS_TAGS];

/** Every tag of the finished letter was written in one of its sources: no step has turned text into a tag. */
function demandOwnTags({ subject, preheader, text }: RenderJob, letter: Finished, placeholders: Placeholders): void {
  const tagsOf = (source: string) =>
    filledOrFault('body', () =>
      piecesOf(source, TRACKED_LIMITS).flatMap((piece) => (piece.kind === 'tag' ? piece.source : [])),
    );
  const own = new Set([...OWN_TAGS, ...placeholders.tags(), ...[subject, preheader ?? '', text ?? ''].flatMap(tagsOf)]);
  const foreign = [letter.html, letter.text].flatMap(tagsOf).find((tag) => !own.has(tag));
  if (foreign !== undefined) throw new RenderFault('body', `The text "${foreign}" would become Liquid.`);
}

function demandSendable(job: RenderJob, letter: Finished): void {
  const fault = trialFault(job, letter);
  if (fault !== undefined) throw new RenderFault(job.body === null ? 'template' : 'body', fault.reason, fault.code);
}

/** Faults have the positions of the source: nothing has been moved yet. */
function demandLiquid({ template, body }: RenderJob): void {
  if (template !== null) filledOrFault('template', () => parseLiquid(template.source, 'html'));
  if (body !== null && 'source' in body) filledOrFault('body', () => parseLiquid(body.source, 'html'));
}

function filledOrFault<T>(field: RenderFault['field'], fill: () => T): T {
  try {
    return fill();
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    throw new RenderFault(field, fault, complexityOf(error) && 'template_too_complex');
  }
}
