import { Context, Drop, type Emitter, type Liquid, toValue } from 'liquidjs';
import { monotonic } from '../../clock.js';
import { NotLight, TooComplex } from './complexity.js';

/** The limits of one rendering. They are counts, not times, so that the result does not depend on the load of the machine. */
export interface RenderLimits {
  /** Nodes rendered, variables read, filters and comparisons: about a microsecond each. */
  readonly steps: number;
  /** Characters and elements that filters read and make. */
  readonly size: number;
  /** The same, as liquidjs counts it before it allocates memory. */
  readonly memory: number;
  /** Characters printed. */
  readonly output: number;
  /** Arrays inside arrays. */
  readonly depth: number;
  /** Beyond these limits the work is for a thread, and not refused. */
  readonly isLight?: boolean;
}

/** A message, or content that is rendered once. */
export const MESSAGE_LIMITS: RenderLimits = {
  steps: 100_000,
  size: 10_000_000,
  memory: 5_000_000,
  output: 3_000_000,
  depth: 100,
};

/** A part of a campaign's letter, which is rendered for each recipient. */
export const RECIPIENT_LIMITS: RenderLimits = {
  steps: 20_000,
  size: 2_000_000,
  memory: 1_000_000,
  output: 1_000_000,
  depth: 100,
};

/** What the event loop renders itself. */
export const LIGHT_LIMITS: RenderLimits = {
  steps: 2_000,
  size: 300_000,
  memory: 100_000,
  output: 500_000,
  depth: 20,
  isLight: true,
};

/** Characters read to locate missing variables. Beyond that, missing variables are empty and are not reported. */
const MOST_SEARCHED = 5_000_000;

type Resource = 'steps' | 'size' | 'memory' | 'output';

/** Counts what a rendering uses. Once a limit is passed, every further step throws. */
export class Budget {
  readonly #used = { steps: 0, size: 0, memory: 0, output: 0 };
  readonly #deadline: number;
  #searched = 0;
  #spent: TooComplex | NotLight | undefined;

  readonly #limits: RenderLimits;

  /** `time`: milliseconds, for work that the counters do not cover. */
  constructor(time: number, limits: RenderLimits = MESSAGE_LIMITS) {
    this.#deadline = monotonic() + time;
    this.#limits = limits;
  }

  use(resource: Resource, amount: number): void {
    if (this.#spent !== undefined) throw this.#spent;
    this.#used[resource] += Math.max(amount, 0) || 0;
    if (this.#used[resource] > this.#limits[resource]) this.#end(resource);
  }

  demandTime(): void {
    if (monotonic() > this.#deadline) this.#end('time');
  }

  /** Counts a value with everything it contains, each time it is read. */
  useValue(value: unknown): void {
    if (typeof value === 'string') this.use('size', value.length);
    else if (typeof value !== 'object' || value === null || value instanceof Drop) this.use('size', 1);
    else this.#useLayers(value);
  }

  /** Whether a missing variable may still be located in a source of this many characters. */
  maySearch(characters: number): boolean {
    this.#searched += characters;
    return this.#searched <= MOST_SEARCHED;
  }

  #useLayers(value: object): void {
    let layer: readonly object[] = [value];
    for (let depth = 0; layer.length > 0; depth += 1) {
      if (depth > this.#limits.depth) this.#end('depth');
      const next: object[] = [];
      for (const container of layer) this.use('size', sizeOf(container, next));
      layer = next;
    }
  }

  #end(what: Resource | 'time' | 'depth'): never {
    const sentence = `The template is too complex: a limit was reached while it was rendered (${what}).`;
    this.#spent = this.#limits.isLight ? new NotLight() : new TooComplex(sentence);
    throw this.#spent;
  }
}

/** The size of a list or object itself, in elements. */
const CONTAINER = 10;

/** Counts the characters and elements of a list or an object. Nested lists and objects are added to `deeper`. */
function sizeOf(container: object, deeper: object[]): number {
  let size = CONTAINER;
  for (const one of Array.isArray(container) ? container : Object.values(container)) {
    size += typeof one === 'string' ? one.length + 1 : 1;
    if (typeof one === 'object' && one !== null && !(one instanceof Drop)) deeper.push(one);
  }
  return size;
}

interface Bounds {
  readonly liquid: Liquid;
  readonly budget: Budget;
  readonly options?: Liquid['options'];
  /** Characters of the rendered source. */
  readonly length?: number;
}

/** A context that counts all repeated work. liquidjs itself checks the time between nodes only. */
export class BoundedContext extends Context {
  readonly budget: Budget;
  readonly #bounds: Bounds;

  constructor(fields: object, bounds: Bounds) {
    const { liquid, budget, options = liquid.options } = bounds;
    super(fields, options, { sync: true }, { liquid });
    this.budget = budget;
    this.#bounds = bounds;
    this.memoryLimit.use = (amount) => budget.use('memory', amount);
    this.renderLimit.check = () => {
      budget.use('steps', 1);
      budget.demandTime();
    };
  }

  /** Called for each item of a loop, and of a filter that evaluates an expression. */
  override push(scope: object): number {
    this.budget.use('steps', 1);
    return super.push(scope);
  }

  /** Called for each item of a filter that compares a property. */
  override spawn(scope: object = {}): Context {
    this.budget.use('steps', 1);
    return new BoundedContext(scope, this.#bounds);
  }

  /** Called for each variable. An error that names a missing variable costs as much as reading the source. */
  override *_getFromScope(...[scope, paths, strict]: Parameters<Context['_getFromScope']>): IterableIterator<unknown> {
    this.budget.use('steps', 1 + paths.length);
    const value = yield* super._getFromScope(scope, paths, false);
    if (value !== undefined || !(strict ?? this.strictVariables)) return value;
    if (!this.budget.maySearch(this.#bounds.length ?? 0)) return value;
    try {
      return yield* super._getFromScope(scope, paths, true);
    } catch (error) {
      // liquidjs names the path up to the first part that is missing.
      if (Array.isArray(paths) && error instanceof Error && 'variableName' in error)
        error.variableName = paths.map(String).join('.');
      throw error;
    }
  }
}

export function budgetOf(context: Context): Budget | undefined {
  return context instanceof BoundedContext ? context.budget : undefined;
}

/** Collects the output, as liquidjs does, up to a limit. */
export function boundedOutput(context: Context): Emitter {
  const budget = budgetOf(context);
  const output = {
    buffer: '',
    write(value: unknown) {
      const text = printed(value);
      budget?.use('output', text.length);
      output.buffer += text;
    },
  };
  return output;
}

/** A value as Liquid prints it. */
export function printed(given: unknown): string {
  const value: unknown = toValue(given);
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.map(printed).join('') : String(value);
}
