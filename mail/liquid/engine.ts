import { Context, Liquid, LiquidError, Parser, type Template, UndefinedVariableError } from 'liquidjs';
import { boundedTokens, complexityOf, type SourceLimits } from './complexity.js';
import { Capture, mayBeMarkup, ownMarkup, withoutMarkup } from './markup.js';

/** Liquid as letters may use it: no files, bounded, unknown fields empty, unknown filters an error. */
export type Mode = 'html' | 'plain';

/** Each looks no further than the next opening brace pair, so that a text full of them is read once. */
export const LIQUID_TAG = /\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}/gs;

const LIMITS = { memoryLimit: 5_000_000 };
/** Milliseconds for one recipient. Only a runaway loop comes near: a busy machine must not fail a recipient. */
const RENDER_LIMIT = 2_000;

/** Tags that read other files; a letter is one piece. */
export const NO_FILES = ['include', 'render', 'layout', 'block'];

const engines: Readonly<Record<Mode, Liquid>> = { html: htmlEngine(), plain: plainEngine() };

function engine(options: { outputEscape?: 'escape' }): Liquid {
  const liquid = new Liquid({
    ...LIMITS,
    ...options,
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    timezoneOffset: 0,
    locale: 'en-US',
  });
  for (const tag of NO_FILES) delete liquid.tags[tag];
  return liquid;
}

/** Every value is escaped once; `raw` hands the HTML of a message's caller through, a recipient's data never. */
function htmlEngine(): Liquid {
  const liquid = engine({ outputEscape: 'escape' });
  liquid.registerTag('capture', Capture);
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
  return liquid;
}

/** In text and subjects there is nothing to escape, also where the HTML next to it asked for it. */
function plainEngine(): Liquid {
  const liquid = engine({});
  for (const filter of ['escape', 'escape_once', 'xml_escape', 'newline_to_br']) {
    liquid.registerFilter(filter, (value: unknown) => value);
  }
  return liquid;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

export function escapeHtml(value: unknown): string {
  return textOf(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** A value as Liquid prints it. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.map(textOf).join('') : String(value);
}

/** Throws a LiquidError that says line and column, or a TooComplex. */
export function parseLiquid(source: string, mode: Mode, limits?: SourceLimits): Template[] {
  const liquid = engines[mode];
  return new Parser(liquid).parseTokens(boundedTokens(source, liquid, limits));
}

/** Variables live in the context: what `assign` sets in one tag, the next one sees. */
export function liquidContext(fields: object, mode: Mode): Context {
  const liquid = engines[mode];
  return new Context(fields, liquid.options, { sync: true, renderLimit: RENDER_LIMIT }, { liquid });
}

/** The same for one recipient, whose data brings no markup into the letter. */
export function recipientContext(fields: object, mode: Mode): Context {
  return withoutMarkup(liquidContext(fields, mode));
}

export function renderLiquid(templates: Template[], context: Context, mode: Mode): string {
  return textOf(engines[mode].renderSync(templates, context));
}

/** Milliseconds for one part of a message: it is filled where others wait. */
const MESSAGE_LIMIT = 500;

/**
 * Renders and names the variables that are not there, each once and as the template writes it. Asking for one in a
 * condition, or with a `default`, is no fault. Whoever is not trusted brings no markup.
 */
export function renderStrictly(templates: Template[], fields: object, mode: Mode, isTrusted = true) {
  const liquid = engines[mode];
  const limits = { sync: true, renderLimit: MESSAGE_LIMIT } as const;
  const contextBy = (options: Liquid['options']) => {
    const context = new Context(fields, options, limits, { liquid });
    return isTrusted ? context : withoutMarkup(context);
  };
  const strict = { ...liquid.options, strictVariables: true, lenientIf: true, catchAllErrors: true };
  try {
    const text = textOf(liquid.renderSync(templates, contextBy(strict)));
    return { text, missing: [] };
  } catch (error) {
    const missing = missingIn(error);
    const text = textOf(liquid.renderSync(templates, contextBy(liquid.options)));
    return { text, missing: [...new Set(missing)] };
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
