import { type Context, type Template, type TopLevelToken, TypeGuards } from 'liquidjs';
import { printed, type RenderLimits } from '../liquid/budget.js';
import type { SourceLimits } from '../liquid/complexity.js';
import { escapeHtml, type Mode, parseLiquidWith, recipientContext, renderLiquid } from '../liquid/engine.js';
import { withoutGuards } from '../liquid/guard.js';
import { attributeReader, fieldReader, fieldsOf, type MailFields } from './fields.js';

/** The part of a mail that a slot belongs to. A variable that one slot assigns is visible in later slots of its part. */
export type Part = 'subject' | 'preheader' | 'text' | 'html';

/** One recipient's rendering. */
export interface Rendering {
  readonly fields: MailFields;
  /** The variables of the parts that need the Liquid engine. */
  readonly contexts: Partial<Record<Part, Context>>;
  /** Absent: those of a mail that is sent. */
  readonly limits?: RenderLimits;
}

/** A piece of the text that is rendered for each recipient. */
export interface Slot {
  /** Slots with the same key have the same text for the same recipient; undefined: rendered each time. */
  readonly key: string | undefined;
  readonly render: (rendering: Rendering, part: Part) => string;
}

type Step = (value: unknown) => unknown;

/** A plain field with filters that need no Liquid engine: nine in ten tags of real letters. */
const FAST = /^\{\{-?\s*([a-z_]\w*)(?:\.([a-z_]\w*))?\s*((?:\|\s*\w+\s*(?::\s*(?:"[^"\\]*"|'[^'\\]*')\s*)?)*)-?\}\}$/i;
const FILTER = /\|\s*(\w+)\s*(?::\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*)?/g;
const NOT_A_FIELD = new Set(['nil', 'null', 'true', 'false', 'empty', 'blank']);
/** Properties that Liquid computes. */
const COMPUTED = new Set(['size', 'first', 'last']);
/** Tags that can redefine a name, so that it no longer means the recipient's field. */
const SETS_VARIABLES = /\{%-?\s*(?:assign|capture|increment|decrement|liquid)\b/;

/** Splits a template into fixed text and slots. Throws a LiquidError if the template is malformed. */
export function slotsIn(source: string, mode: Mode, limits?: SourceLimits): (string | Slot)[] {
  const fastAllowed = !SETS_VARIABLES.test(source);
  const quick = (token: TopLevelToken) => {
    if (TypeGuards.isHTMLToken(token)) return withoutGuards(token.getContent());
    return fastAllowed && TypeGuards.isOutputToken(token) ? fastSlot(token.getText(), mode) : undefined;
  };
  const pieces: (string | Slot)[] = [];
  for (const piece of parseLiquidWith<string | Slot>(source, { mode, limits }, quick)) {
    const last = pieces.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + piece;
    else pieces.push(isTemplate(piece) ? slotOf(piece, mode) : piece);
  }
  return pieces;
}

function isTemplate(piece: string | Slot | Template): piece is Template {
  return typeof piece === 'object' && 'token' in piece;
}

function slotOf(template: Template, mode: Mode): Slot {
  const templates = [template];
  return {
    key: undefined,
    render: (rendering, part) => renderLiquid(templates, contextOf(rendering, part, mode), mode),
  };
}

function contextOf({ fields, contexts, limits }: Rendering, part: Part, mode: Mode): Context {
  contexts[part] ??= recipientContext(fieldsOf(fields), mode, limits);
  return contexts[part];
}

function fastSlot(source: string, mode: Mode): Slot | undefined {
  const match = FAST.exec(source);
  if (match === null) return undefined;
  const [, name = '', property, pipeline = ''] = match;
  const read = reader(name, property);
  const steps = Array.from(pipeline.matchAll(FILTER), ([, filter = '', double, single]) =>
    step(filter, double ?? single),
  );
  if (read === undefined || !steps.every((found) => found !== undefined)) return undefined;
  const print = mode === 'html' ? escapeHtml : printed;
  const key = `${mode} ${source}`;
  if (steps.length === 0) return { key, render: ({ fields }) => print(read(fields)) };
  return { key, render: ({ fields }) => print(steps.reduce<unknown>((value, next) => next(value), read(fields))) };
}

function reader(name: string, property: string | undefined) {
  if (NOT_A_FIELD.has(name)) return undefined;
  if (property === undefined) return fieldReader(name);
  return name !== 'attributes' || COMPUTED.has(property) ? undefined : attributeReader(property);
}

/** The filter as Liquid defines it, or undefined if only the engine supports it. */
function step(filter: string, argument: string | undefined): Step | undefined {
  if (filter === 'default' && argument !== undefined) return (value) => (isBlank(value) ? argument : value);
  if (argument !== undefined) return undefined;
  if (filter === 'upcase') return (value) => printed(value).toUpperCase();
  if (filter === 'downcase') return (value) => printed(value).toLowerCase();
  if (filter === 'strip') return (value) => printed(value).trim();
  return undefined;
}

function isBlank(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === false ||
    (Array.isArray(value) ? value.length === 0 : value === '')
  );
}
