import {
  type Context,
  Liquid,
  LiquidError,
  type Template,
  type TopLevelToken,
  toValueSync,
  UndefinedVariableError,
} from 'liquidjs';
import {
  BoundedContext,
  Budget,
  boundedOutput,
  MESSAGE_LIMITS,
  printed,
  RECIPIENT_LIMITS,
  type RenderLimits,
} from './budget.js';
import { boundedTokens, complexityOf, notLightIn, type SourceLimits } from './complexity.js';
import { MeteredParser, meteredOperators, meterFilters, meterRanges } from './metered.js';
import { mayBeMarkup, ownMarkup, withoutMarkup } from './own-markup.js';
import { isSafeCss, isSafeCssUrl } from './safe-values.js';
import { Capture, CssValue, LinkAddress, SafeUrl } from './tags.js';

/** Liquid for letters: no files, bounded work, unknown fields are empty, unknown filters are errors. */
export type Mode = 'html' | 'plain';

/** Milliseconds for one recipient, for work that the counters miss: a busy machine must not reach the limit. */
const RENDER_LIMIT = 10_000;

/** Tags that read other files. They are not available. */
const NO_FILES = ['include', 'render', 'layout', 'block'];

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
  liquid.registerTag('safe_url', SafeUrl);
  liquid.registerTag('link_address', LinkAddress);
  liquid.registerTag('css_value', CssValue);
  liquid.registerFilter('safe_css', (value: unknown) => (isSafeCss(printed(value)) ? value : ''));
  liquid.registerFilter('safe_css_url', (value: unknown) => (isSafeCssUrl(printed(value)) ? value : ''));
  return liquid;
}

function metered(liquid: Liquid): Liquid {
  meterRanges(liquid);
  meterFilters(liquid);
  return liquid;
}

/**
 * Escapes every value once. `raw` prints HTML unescaped if it comes from a message's caller, never if it comes from
 * recipient data.
 */
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

/** Text and subjects need no escaping, so the escape filters do nothing. */
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

/** The tags and texts of a source. Throws a LiquidError for a tag without an end, or a TooComplex. */
export function tokensOf(source: string, limits?: SourceLimits): TopLevelToken[] {
  return boundedTokens(source, engines.html, limits);
}

/** Throws a LiquidError with line and column, or a TooComplex. */
export function parseLiquid(source: string, mode: Mode, limits?: SourceLimits): Template[] {
  const liquid = engines[mode];
  return new MeteredParser(liquid).parseTokens(boundedTokens(source, liquid, limits));
}

/** The same, where some tokens need no template: `own` returns what replaces them, or undefined. */
export function parseLiquidWith<T>(
  source: string,
  { mode, limits }: { readonly mode: Mode; readonly limits: SourceLimits | undefined },
  own: (token: TopLevelToken) => T | undefined,
): (T | Template)[] {
  const liquid = engines[mode];
  const parser = new MeteredParser(liquid);
  const tokens = boundedTokens(source, liquid, limits);
  const parsed: (T | Template)[] = [];
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    parsed.push(own(token) ?? parser.parseToken(token, tokens));
  }
  return parsed;
}

/** The context holds the variables: a value that one tag assigns is visible to later tags. */
export function liquidContext(fields: object, mode: Mode): Context {
  return new BoundedContext(fields, { liquid: engines[mode], budget: new Budget(RENDER_LIMIT) });
}

/** The same for one recipient, whose data is always escaped. */
export function recipientContext(fields: object, mode: Mode, limits: RenderLimits = RECIPIENT_LIMITS): Context {
  const budget = new Budget(RENDER_LIMIT, limits);
  return withoutMarkup(new BoundedContext(fields, { liquid: engines[mode], budget }));
}

export function renderLiquid(templates: Template[], context: Context, mode: Mode): string {
  const output = boundedOutput(context);
  toValueSync(engines[mode].renderer.renderTemplates(templates, context, output));
  return output.buffer;
}

/** Milliseconds for one message, for work that the counters miss: a busy machine must not reach the limit. */
const MESSAGE_LIMIT = 5_000;

/** The budget for all parts of one message, including the search for missing variables. */
export function messageBudget(limits: RenderLimits = MESSAGE_LIMITS): Budget {
  return new Budget(MESSAGE_LIMIT, limits);
}

interface Filling {
  readonly fields: object;
  readonly mode: Mode;
  readonly budget: Budget;
  /** Values of untrusted fields are always escaped. */
  readonly isTrusted?: boolean;
}

/**
 * Renders, and names each missing variable once, as the template writes it. A variable in a condition or with a `default`
 * may be missing.
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
    const limit = complexityOf(error) ?? notLightIn(error);
    if (limit !== undefined) throw limit;
    const missing = missingIn(error);
    return { text: render(liquid.options), missing: [...new Set(missing)] };
  }
}

/** Collects the missing variables from grouped errors; a loop has a group of its own. Rethrows every other error. */
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

/** One sentence if the template caused the error, else undefined. */
export function liquidFault(error: unknown): string | undefined {
  const complexity = complexityOf(error);
  if (complexity !== undefined) return complexity.message;
  if (!LiquidError.is(error) || notLightIn(error) !== undefined) return undefined;
  const sentence = (error.message.split('\n')[0] ?? '').trim();
  const tag = error.name === 'RenderError' ? error.token.getText().trim() : '';
  const isNamed = tag === '' || sentence.includes(tag) || tag.length > LONGEST_NAMED_TAG;
  return isNamed ? sentence : sentence.replace(/(?=, line:\d+, col:\d+$)|$/, ` in ${tag}`);
}

/** A longer tag is not repeated in the sentence about it. */
const LONGEST_NAMED_TAG = 200;
