import { type Context, Liquid, LiquidError, type Template, toValueSync, UndefinedVariableError } from 'liquidjs';
import { BoundedContext, Budget, boundedOutput, printed } from './budget.js';
import { boundedTokens, complexityOf, type SourceLimits } from './complexity.js';
import { Capture, mayBeMarkup, ownMarkup, withoutMarkup } from './markup.js';
import { MeteredParser, meteredOperators, meterFilters, meterRanges } from './metered.js';

/** Liquid as letters may use it: no files, bounded, unknown fields empty, unknown filters an error. */
export type Mode = 'html' | 'plain';

/** Each looks no further than the next opening brace pair, so that a text full of them is read once. */
export const LIQUID_TAG = /\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}/gs;

/** Milliseconds for one recipient. Only a runaway loop comes near: a busy machine must not fail a recipient. */
const RENDER_LIMIT = 2_000;

/** Tags that read other files; a letter is one piece. */
export const NO_FILES = ['include', 'render', 'layout', 'block'];

const engines: Readonly<Record<Mode, Liquid>> = { html: htmlEngine(), plain: plainEngine() };

function engine(options: { outputEscape?: 'escape' }): Liquid {
  const liquid = new Liquid({
    operators: meteredOperators,
    ...options,
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    timezoneOffset: 0,
    locale: 'en-US',
  });
  for (const tag of NO_FILES) delete liquid.tags[tag];
  liquid.registerTag('capture', Capture);
  return liquid;
}

function metered(liquid: Liquid): Liquid {
  meterRanges(liquid);
  meterFilters(liquid);
  return liquid;
}

/** Every value is escaped once; `raw` hands the HTML of a message's caller through, a recipient's data never. */
function htmlEngine(): Liquid {
  const liquid = engine({ outputEscape: 'escape' });
  liquid.registerFilter('raw', {
    raw: true,
    handler(value: unknown) {
      return mayBeMarkup(this.context, value) ? value : escapeHtml(value);
    },
  });
  liquid.registerFilter('escape', {
    raw: true,
    handler(value: unknown) {
      return ownMarkup(this.context, escapeHtml(value));
    },
  });
  liquid.registerFilter('newline_to_br', {
    raw: true,
    handler(value: unknown) {
      return ownMarkup(this.context, escapeHtml(value).replace(/\r\n?|\n/g, '<br>\n'));
    },
  });
  return metered(liquid);
}

/** In text and subjects there is nothing to escape, also where the HTML next to it asked for it. */
function plainEngine(): Liquid {
  const liquid = engine({});
  for (const filter of ['escape', 'escape_once', 'xml_escape', 'newline_to_br']) {
    liquid.registerFilter(filter, (value: unknown) => value);
  }
  return metered(liquid);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

export function escapeHtml(value: unknown): string {
  return printed(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** Throws a LiquidError that says line and column, or a TooComplex. */
export function parseLiquid(source: string, mode: Mode, limits?: SourceLimits): Template[] {
  const liquid = engines[mode];
  return new MeteredParser(liquid).parseTokens(boundedTokens(source, liquid, limits));
}

/** Variables live in the context: what `assign` sets in one tag, the next one sees. */
export function liquidContext(fields: object, mode: Mode): Context {
  return new BoundedContext(fields, { liquid: engines[mode], budget: new Budget(RENDER_LIMIT) });
}

/** The same for one recipient, whose data brings no markup into the letter. */
export function recipientContext(fields: object, mode: Mode): Context {
  return withoutMarkup(liquidContext(fields, mode));
}

export function renderLiquid(templates: Template[], context: Context, mode: Mode): string {
  const output = boundedOutput(context);
  toValueSync(engines[mode].renderer.renderTemplates(templates, context, output));
  return output.buffer;
}

/** Milliseconds for one message: it is filled where others wait. */
const MESSAGE_LIMIT = 1_000;

/** For all parts of one message, and for finding what they lack. */
export function messageBudget(): Budget {
  return new Budget(MESSAGE_LIMIT);
}

interface Filling {
  readonly fields: object;
  readonly mode: Mode;
  readonly budget: Budget;
  /** Fields that are not trusted bring no markup. */
  readonly isTrusted?: boolean;
}

/**
 * Renders and names the variables that are not there, each once and as the template writes it. Asking for one in a
 * condition, or with a `default`, is no fault.
 */
export function renderStrictly(templates: Template[], { fields, mode, budget, isTrusted = true }: Filling) {
  const liquid = engines[mode];
  const length = templates[0]?.token.input.length ?? 0;
  const render = (options: Liquid['options']) => {
    const context = new BoundedContext(fields, { liquid, budget, options, length });
    return renderLiquid(templates, isTrusted ? context : withoutMarkup(context), mode);
  };
  try {
    const strict = { ...liquid.options, strictVariables: true, lenientIf: true, catchAllErrors: true };
    return { text: render(strict), missing: [] };
  } catch (error) {
    const complexity = complexityOf(error);
    if (complexity !== undefined) throw complexity;
    const missing = missingIn(error);
    return { text: render(liquid.options), missing: [...new Set(missing)] };
  }
}

/** Errors come in bundles, and a loop has a bundle of its own; whatever is another fault is thrown again. */
function missingIn(error: unknown): string[] {
  const { errors, originalError: cause } = error as Bundled;
  if (errors !== undefined) return errors.flatMap(missingIn);
  if (cause instanceof UndefinedVariableError) return missingIn(cause);
  if (!(error instanceof UndefinedVariableError)) throw error;
  return [(cause as { readonly variableName: string }).variableName];
}

interface Bundled {
  readonly errors?: readonly unknown[];
  readonly originalError?: unknown;
}

/** One sentence, if the error is the letter's fault. */
export function liquidFault(error: unknown): string | undefined {
  const complexity = complexityOf(error);
  if (complexity !== undefined) return complexity.message;
  if (!LiquidError.is(error)) return undefined;
  return (error.message.split('\n')[0] ?? '').trim();
}
