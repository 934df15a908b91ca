import {
  defaultOperators,
  Expression,
  type FilterImplOptions,
  type Liquid,
  LiquidError,
  ParseError,
  Parser,
  type Template,
  Tokenizer,
  type TopLevelToken,
  TypeGuards,
} from 'liquidjs';
import { BoundedContext, budgetOf } from './budget.js';
import { complexityOf, demandSimple, notLightIn } from './complexity.js';
import { withoutGuards } from './guard.js';

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;

/** Liquid's operators, each counted as a step. */
export const meteredOperators: typeof defaultOperators = Object.fromEntries(
  Object.entries(defaultOperators).map(([name, operator]) => [name, meteredOperator(name, operator)]),
);

function meteredOperator(name: string, operator: (typeof defaultOperators)[string]): typeof operator {
  return (...operands: unknown[]) => {
    const budget = operands.find((operand) => operand instanceof BoundedContext)?.budget;
    budget?.use('steps', 1);
    for (const operand of operands.slice(0, 2)) if (isRead(name, operand)) budget?.useValue(operand);
    return Reflect.apply(operator, undefined, operands);
  };
}

/** Whether the operator reads the whole value. Lists are compared item by item; most strings differ in length already. */
function isRead(operator: string, operand: unknown): boolean {
  return operator === 'contains' || (typeof operand === 'object' && (operator === '==' || operator === '!='));
}

/** Counts the input and output of each filter, so that a chain of filters cannot grow uncounted. */
export function meterFilters(liquid: Liquid): void {
  for (const name of ['json', 'jsonify', 'inspect'])
    liquid.registerFilter(name, (value: unknown) => JSON.stringify(value));
  for (const [name, filter] of Object.entries(liquid.filters)) {
    if (filter !== undefined) liquid.registerFilter(name, metered(name, filter));
  }
}

function metered(name: string, filter: FilterImplOptions): FilterImplOptions {
  const [handler, raw] = typeof filter === 'function' ? [filter, false] : [filter.handler, filter.raw];
  const readsExpression = name.endsWith('_exp');
  const counted: Handler = function* (...given: Parameters<Handler>) {
    const budget = budgetOf(this.context);
    budget?.use('steps', 1);
    for (const value of given) budget?.useValue(value);
    if (name.startsWith('date')) budget?.use('steps', costOfDate(given[1]));
    if (readsExpression) demandSimple(String(given[2]));
    const made: unknown = DECODERS.has(name)
      ? decoded(() => handler.apply(this, given), given[0])
      : yield handler.apply(this, given);
    budget?.useValue(made);
    return made;
  };
  return { raw, handler: readsExpression ? namingTag(counted) : counted };
}

/** A fault in the expression of a filter is one of its tag: liquidjs names the place within the expression alone. */
function namingTag(handler: Handler): Handler {
  return function* (...given: Parameters<Handler>) {
    try {
      const made: unknown = yield handler.apply(this, given);
      return made;
    } catch (error) {
      if (!LiquidError.is(error) || complexityOf(error) !== undefined || notLightIn(error) !== undefined) throw error;
      throw new Error((error.message.split(', line:')[0] ?? '').trim());
    }
  };
}

const DECODERS = new Set(['url_decode', 'base64_decode', 'base64_url_safe_decode']);

/** Data that is not encoded stays as it is: one recipient's value must not fail their mail. */
function decoded(decode: () => unknown, value: unknown): unknown {
  try {
    return decode();
  } catch {
    return value;
  }
}

const STEPS_OF_DIRECTIVE = 50;

/** A date is formatted directive by directive, some of them in a language and a time zone. */
function costOfDate(format: unknown): number {
  return STEPS_OF_DIRECTIVE * (1 + String(format ?? '').split('%').length);
}

/** A name that templates cannot contain. */
const RANGE = '(..)';
const LARGEST = 1_000_000_000;

/**
 * Evaluates `(1..5)` as a filter of its first bound. liquidjs counts in steps of one and never ends if a bound is so large
 * that adding one does not change it.
 */
export function meterRanges(liquid: Liquid): void {
  liquid.registerFilter(RANGE, function (low: unknown, high: unknown) {
    const [from, to] = [Number(low), Number(high)];
    const isLarge = [from, to].some((bound) => Math.abs(bound) > LARGEST);
    const length = Math.max(Math.ceil(to + 1 - from), 0) || 0;
    this.context.memoryLimit.use(isLarge ? Number.POSITIVE_INFINITY : length);
    return Array.from({ length }, (_, i) => from + i);
  });
}

const readGroupOrRange = Tokenizer.prototype.readGroupOrRange;

/** Parses every range, including those in the expression of a filter. */
Tokenizer.prototype.readGroupOrRange = function (this: Tokenizer) {
  const range = readGroupOrRange.call(this);
  if (range === undefined || !TypeGuards.isRangeToken(range)) return range;
  const filtered = new Tokenizer(`low | range: high`).readFilteredValue();
  const [filter] = filtered.filters;
  if (filter === undefined) return range;
  filter.name = RANGE;
  filter.args = [range.rhs];
  const { input, begin, end } = range;
  return Object.assign(filtered, { initial: new Expression([range.lhs]), input, begin, end });
};

/** Counts each branch and candidate of a tag as a step, because they are evaluated one after the other. Texts lose their guards. */
export class MeteredParser extends Parser {
  override parseToken(token: TopLevelToken, rest: TopLevelToken[]): ReturnType<Parser['parseToken']> {
    const template = super.parseToken(token, rest);
    if (TypeGuards.isHTMLToken(token)) return Object.assign(template, { str: withoutGuards(token.getContent()) });
    demandFreeNames(template);
    const cost = costOf(template);
    if (cost <= 1) return template;
    const render = template.render.bind(template) as Template['render'];
    return Object.assign(template, {
      render: function* (...[context, output]: Parameters<Template['render']>): Generator<unknown, unknown, unknown> {
        budgetOf(context)?.use('steps', cost);
        return yield render(context, output);
      },
    });
  }
}

/** Names of Everpost's own links, and of the recipient's token in them. */
const RESERVED = ['unsubscribe_url', 'preferences_url', 'view_url', 'everpost_token'];

/** No tag may give such a name another value: footers and headers rely on them. */
function demandFreeNames(template: Template): void {
  const assigned = [...(template.localScope?.() ?? [])].map(({ content }) => content);
  const name = [...assigned, ...(template.blockScope?.() ?? [])].find((one) => RESERVED.includes(one));
  if (name !== undefined) throw new ParseError(new Error(`the name ${name} is reserved`), template.token);
}

function costOf(template: Template): number {
  return [...(template.arguments?.() ?? [])].length;
}
