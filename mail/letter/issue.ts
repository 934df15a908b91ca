import type { RenderLimits } from '../liquid/budget.js';
import type { SourceLimits } from '../liquid/complexity.js';
import { liquidFault, type Mode, messageBudget, parseLiquid, renderStrictly } from '../liquid/engine.js';
import { guarded, HTML_BRACE, LIQUID_BRACE } from '../liquid/guard.js';
import { piecesOf } from '../liquid/pieces.js';
import { newPlaceholders, withoutPlaceholders } from '../liquid/placeholders.js';
import { checkLetter } from './compile.js';

/** The template of a newsletter: Liquid, filled with the content of the source. */
export interface IssueTemplate {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
}

/** Absent: those of a refusal. */
export interface WorkLimits {
  readonly source?: SourceLimits;
  readonly render?: RenderLimits;
}

/**
 * Variables that the issue's content fills. Every other variable is a recipient field and is filled when the mail is
 * sent.
 */
const ISSUE_FIELDS = ['items', 'feed', 'data', 'newsletter', 'issue', 'forloop'] as const;

const DECLARING =
  /\{%-?\s*(?:for|tablerow)\s+([\w-]+)\s+in\b|\{%-?\s*(?:assign|capture|increment|decrement)\s+([\w-]+)/g;
const PRINTED = /^\{\{-?\s*([A-Za-z_][\w-]*)/;

/**
 * Fills a template with one issue's content, or returns a sentence that names the fault. A variable that is missing from
 * the content is a fault unless the template has a condition or a `default` for it.
 */
export function issueLetter(template: IssueTemplate, content: object, limits: WorkLimits = {}): IssueTemplate | string {
  try {
    const fields = cleanFields(content);
    const subject = filledPart(template.subject, fields, 'plain', limits).replace(/\s+/g, ' ').trim();
    const preheader =
      template.preheader === null ? null : filledPart(template.preheader, fields, 'plain', limits).trim();
    const html = filledPart(template.html, fields, 'html', limits);
    const fault = Object.entries(checkLetter({ subject, preheader, html, text: null }, limits.source))[0];
    if (fault !== undefined) return `${fault[0]}: ${fault[1].join(' ')}`;
    if (subject === '') return 'the subject is empty';
    if (html.replace(/<[^<>]*>|&nbsp;|\s/g, '') === '') return 'the body is empty';
    return { subject: shortened(subject), preheader: preheader === '' ? null : preheader, html };
  } catch (error) {
    const fault = error instanceof MissingVariable ? error.message : liquidFault(error);
    if (fault === undefined) throw error;
    return fault;
  }
}

const LONGEST_SUBJECT = 998;

/** A subject that is not cut within a tag. */
function shortened(subject: string): string {
  if (subject.length <= LONGEST_SUBJECT) return subject;
  const cut = subject.slice(0, LONGEST_SUBJECT);
  const open = cut.lastIndexOf('{{');
  return open > cut.lastIndexOf('}}') ? cut.slice(0, open) : cut;
}

/** Returns the fault of a template before it has any content, or undefined if it has none. */
export function templateFault(source: string, mode: Mode, { source: limits }: WorkLimits = {}): string | undefined {
  try {
    // The unprepared source too: its recipient fields become part of the letter.
    for (const liquid of [source, prepared(source, limits).source]) parseLiquid(liquid, mode, limits);
    return undefined;
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return fault;
  }
}

class MissingVariable extends Error {
  override readonly name = 'Missing';
}

function filledPart(source: string, content: object, mode: Mode, limits: WorkLimits): string {
  const { source: ours, restore } = prepared(source, limits.source);
  const budget = messageBudget(limits.render);
  const { text, missing } = renderStrictly(parseLiquid(ours, mode, limits.source), { fields: content, mode, budget });
  if (missing.length > 0) throw new MissingVariable(`the content lacks ${missing.join(', ')}`);
  return restore(text, mode === 'html' ? HTML_BRACE : LIQUID_BRACE);
}

/** The content without characters that would stand for a tag of the template. */
function cleanFields(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cleanValue(inner)]));
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return withoutPlaceholders(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  return typeof value === 'object' && value !== null ? cleanFields(value) : value;
}

/** Replaces the outputs of recipient fields by placeholders while the issue's variables are filled. */
function prepared(source: string, limits: SourceLimits | undefined) {
  const declared = [...source.matchAll(DECLARING)].map(([, item, name]) => item ?? name ?? '');
  const ours = new Set<string>([...ISSUE_FIELDS, ...declared]);
  const recipientTags = newPlaceholders();
  const hidden = piecesOf(source, limits)
    .map(({ kind, source: piece }) => {
      const clean = withoutPlaceholders(piece);
      if (kind === 'text') return guarded(clean);
      const root = PRINTED.exec(clean)?.[1];
      return root === undefined || ours.has(root) ? clean : recipientTags.mark(clean);
    })
    .join('');
  return { source: hidden, restore: recipientTags.restore };
}
