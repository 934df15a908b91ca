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
}

const SOURCE_LIMITS: SourceLimits = {
  tags: 5_000,
  length: 4_000,
  words: 500,
  allLength: 200_000,
  allWords: 30_000,
  depth: 30,
};

/** The links of one letter: tracking puts a tag of 20 characters into each. */
export const MOST_LINKS = 5_000;
export const TRACKED_LIMITS: SourceLimits = {
  ...SOURCE_LIMITS,
  tags: SOURCE_LIMITS.tags + 2 * MOST_LINKS,
  allLength: SOURCE_LIMITS.allLength + 40 * MOST_LINKS,
  allWords: SOURCE_LIMITS.allWords + 10 * MOST_LINKS,
};

/** The template exceeds a limit. The message is a sentence for the author of the template. */
export class TooComplex extends Error {
  override readonly name = 'TooComplex';
}

type Options = Parameters<Tokenizer['readTagToken']>[0];

/** Reads text in one step instead of character by character, and each tag up to the length limit only. */
class BoundedTokenizer extends Tokenizer {
  readonly #longest: number;

  constructor(source: string, operators: Options['operators'], { length }: SourceLimits) {
    super(source, operators);
    this.#longest = length;
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
    this.N = Math.min(end, begin + this.#longest);
    try {
      return read();
    } catch (error) {
      const isCut = this.N < end && this.p >= this.N && this.input.includes(closing, begin);
      throw isCut ? tooMany(`${this.#longest} characters in one tag`) : error;
    } finally {
      this.N = end;
    }
  }
}

const OPENINGS = /\{[{%]/g;
/** A string counts as one word. */
const WORDS = /"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)|[\w-]+|[^\s\w]/gs;
const BLOCKS = new Set(['if', 'unless', 'case', 'for', 'tablerow', 'capture', 'safe_url', 'css_value']);

/** Splits a source into tags and texts, as liquidjs does. Throws TooComplex before anything is parsed. */
export function boundedTokens(source: string, liquid: Liquid, limits = SOURCE_LIMITS): TopLevelToken[] {
  // Counts tags before they are read, because each tag becomes an object.
  if ((source.match(OPENINGS)?.length ?? 0) > limits.tags) throw tooMany(`${limits.tags} tags`);
  const tokens = new BoundedTokenizer(source, liquid.options.operators, limits).readTopLevelTokens(liquid.options);
  demandWords(tokens, limits);
  demandDepth(tokens, limits);
  return tokens;
}

/** The same for an expression that a filter reads from a string. */
export function demandSimple(expression: string, { words } = SOURCE_LIMITS): void {
  if (expression.length > words || (expression.match(WORDS)?.length ?? 0) > words) throw tooMany(`${words} words`);
}

function demandWords(tokens: readonly TopLevelToken[], { words, allLength, allWords }: SourceLimits): void {
  let [length, all] = [0, 0];
  for (const token of tokens) {
    if (token.kind === TokenKind.HTML) continue;
    const found = token.getText().match(WORDS)?.length ?? 0;
    if (found > words) throw tooMany(`${words} words in one tag`);
    length += token.end - token.begin;
    all += found;
  }
  if (length > allLength) throw tooMany(`${allLength} characters in its tags`);
  if (all > allWords) throw tooMany(`${allWords} words in its tags`);
}

function demandDepth(tokens: readonly TopLevelToken[], { depth }: SourceLimits): void {
  let open = 0;
  let isComment = false;
  for (const token of tokens) {
    const name = 'name' in token ? String(token.name) : '';
    if (name === 'comment' || name === 'endcomment') isComment = name === 'comment';
    if (isComment) continue;
    if (BLOCKS.has(name)) open += 1;
    if (name.startsWith('end') && BLOCKS.has(name.slice('end'.length))) open -= 1;
    if (open > depth) throw tooMany(`${depth} blocks inside each other`);
  }
}

function tooMany(what: string): TooComplex {
  return new TooComplex(`The template is too complex: it has more than ${what}.`);
}

/**
 * Finds the first TooComplex among the causes of an error. liquidjs wraps errors thrown in a tag and groups those of a
 * block.
 */
export function complexityOf(error: unknown): TooComplex | undefined {
  if (error instanceof TooComplex) return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { errors, originalError } = error as { errors?: unknown; originalError?: unknown };
  for (const cause of Array.isArray(errors) ? errors : [originalError]) {
    const found = complexityOf(cause);
    if (found !== undefined) return found;
  }
  return undefined;
}
