import { type Liquid, Tokenizer, TokenKind, type TopLevelToken } from 'liquidjs';

/**
 * The limits of one piece of Liquid, needed because parsing takes more than linear time. Real letters use less than a
 * tenth.
 */
export interface SourceLimits {
  readonly tags: number;
  /** Of one tag: its characters, and its names, operators and strings. */
  readonly length: number;
  readonly words: number;
  /** Of all tags together. */
  readonly allLength: number;
  readonly allWords: number;
  /** Blocks inside blocks. */
  readonly depth: number;
  /** Beyond these limits the work is for a thread, and not refused. */
  readonly isLight?: boolean;
}

export const SOURCE_LIMITS: SourceLimits = {
  tags: 5_000,
  length: 4_000,
  words: 500,
  allLength: 200_000,
  allWords: 30_000,
  depth: 30,
};

export const MOST_LINKS = 5_000;
/** Of a finished letter: tracking puts a tag of 20 characters into each link, and a personal address gets two around it. */
export const TRACKED_LIMITS: SourceLimits = {
  ...SOURCE_LIMITS,
  tags: 3 * SOURCE_LIMITS.tags + 2 * MOST_LINKS,
  allLength: 2 * SOURCE_LIMITS.allLength + 40 * MOST_LINKS,
  allWords: 2 * SOURCE_LIMITS.allWords + 10 * MOST_LINKS,
};

/** What the event loop parses itself; anything larger is parsed in a thread. */
export const LIGHT_SOURCE: SourceLimits = {
  tags: 100,
  length: 1_000,
  words: 200,
  allLength: 8_000,
  allWords: 2_000,
  depth: 10,
  isLight: true,
};

/** The work is too much for the event loop. */
export class NotLight extends Error {
  override readonly name = 'NotLight';
}

/** The template exceeds a limit. The message is a sentence for the author of the template. */
export class TooComplex extends Error {
  override readonly name = 'TooComplex';
}

type Options = Parameters<Tokenizer['readTagToken']>[0];

/** Reads text in one step instead of character by character, and each tag up to the length limit only. */
class BoundedTokenizer extends Tokenizer {
  readonly #limits: SourceLimits;
  #read = 0;

  constructor(source: string, operators: Options['operators'], limits: SourceLimits) {
    super(source, operators);
    this.#limits = limits;
  }

  override readHTMLToken(stops: string[]): ReturnType<Tokenizer['readHTMLToken']> {
    const begin = this.p;
    OPENINGS.lastIndex = begin;
    this.p = OPENINGS.exec(this.input)?.index ?? this.N;
    const token = super.readHTMLToken(stops);
    token.begin = begin;
    return token;
  }

  override readTagToken(options: Options): ReturnType<Tokenizer['readTagToken']> {
    return this.#within('%}', () => super.readTagToken(options));
  }

  override readOutputToken(options: Options): ReturnType<Tokenizer['readOutputToken']> {
    return this.#within('}}', () => super.readOutputToken(options));
  }

  #within<T>(closing: string, read: () => T): T {
    const [begin, end] = [this.p, this.N];
    const { length, allLength } = this.#limits;
    this.N = Math.min(end, begin + length);
    let token: T;
    try {
      token = read();
    } catch (error) {
      const isCut = this.N < end && this.p >= this.N && (this.#limits.isLight || this.input.includes(closing, begin));
      throw isCut ? tooMany(`${length} characters in one tag`, this.#limits) : error;
    } finally {
      this.N = end;
    }
    this.#read += this.p - begin;
    if (this.#read > allLength) throw tooMany(`${allLength} characters in its tags`, this.#limits);
    return token;
  }
}

const OPENINGS = /\{[{%]/g;
/** A string counts as one word. */
const WORDS = /"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)|[\w-]+|[^\s\w]/gs;
const BLOCKS = new Set(['if', 'unless', 'case', 'for', 'tablerow', 'capture', 'safe_url', 'link_address', 'css_value']);

/** Splits a source into tags and texts, as liquidjs does. Throws TooComplex before anything is parsed. */
export function boundedTokens(source: string, liquid: Liquid, limits = SOURCE_LIMITS): TopLevelToken[] {
  // Counts tags before they are read, because each tag becomes an object.
  if ((source.match(OPENINGS)?.length ?? 0) > limits.tags) throw tooMany(`${limits.tags} tags`, limits);
  const tokens = new BoundedTokenizer(source, liquid.options.operators, limits).readTopLevelTokens(liquid.options);
  demandWords(tokens, limits);
  demandDepth(tokens, limits);
  return tokens;
}

/** The same for an expression that a filter reads from a string. */
export function demandSimple(expression: string, { words } = SOURCE_LIMITS): void {
  if (expression.length > words || (expression.match(WORDS)?.length ?? 0) > words)
    throw tooMany(`${words} words`, SOURCE_LIMITS);
}

function demandWords(tokens: readonly TopLevelToken[], limits: SourceLimits): void {
  const { words, allWords } = limits;
  let all = 0;
  for (const token of tokens) {
    if (token.kind === TokenKind.HTML) continue;
    const found = token.getText().match(WORDS)?.length ?? 0;
    if (found > words) throw tooMany(`${words} words in one tag`, limits);
    all += found;
  }
  if (all > allWords) throw tooMany(`${allWords} words in its tags`, limits);
}

function demandDepth(tokens: readonly TopLevelToken[], limits: SourceLimits): void {
  const { depth } = limits;
  let open = 0;
  let isComment = false;
  for (const token of tokens) {
    const name = 'name' in token ? String(token.name) : '';
    if (name === 'comment' || name === 'endcomment') isComment = name === 'comment';
    if (isComment) continue;
    if (BLOCKS.has(name)) open += 1;
    if (name.startsWith('end') && BLOCKS.has(name.slice('end'.length))) open -= 1;
    if (open > depth) throw tooMany(`${depth} blocks inside each other`, limits);
  }
}

function tooMany(what: string, { isLight }: SourceLimits): TooComplex | NotLight {
  if (isLight) return new NotLight();
  return new TooComplex(`The template is too complex: it has more than ${what}.`);
}

/**
 * Finds the first TooComplex among the causes of an error. liquidjs wraps errors thrown in a tag and groups those of a
 * block.
 */
export function complexityOf(error: unknown): TooComplex | undefined {
  return causeOf(error, TooComplex);
}

/** The same for work that is too much for the event loop. */
export function notLightIn(error: unknown): NotLight | undefined {
  return causeOf(error, NotLight);
}

/** Runs work within its light limits. Undefined: it is too much for the event loop. */
export function ifLight<T>(work: () => T): { readonly result: T } | undefined {
  try {
    return { result: work() };
  } catch (error) {
    if (notLightIn(error) === undefined) throw error;
    return undefined;
  }
}

function causeOf<T>(error: unknown, kind: new () => T): T | undefined {
  if (error instanceof kind) return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { errors, originalError } = error as { errors?: unknown; originalError?: unknown };
  for (const cause of Array.isArray(errors) ? errors : [originalError]) {
    const found = causeOf(cause, kind);
    if (found !== undefined) return found;
  }
  return undefined;
}
