import { type Handler, Parser } from 'htmlparser2';

/** Deeper elements would exhaust the stack of the converter to text; clients do not show them either. */
export const DEEPEST = 1_000;

/**
 * A parser whose time grows with the document: that of its base class grows with the square of the depth, because it moves the whole
 * list of open elements for each tag. Once `DEEPEST` elements are open, all further ones are empty, and the open ones stay open.
 */
export class ShallowParser extends Parser {
  /** Whether so many elements have been open at once. */
  isFull = false;
  private readonly depth: () => number;

  /** `depth` says how many elements are open. */
  constructor(depth: () => number, handler: Partial<Handler>) {
    super(handler);
    this.depth = depth;
  }

  override onopentagname(start: number, end: number): void {
    this.isFull ||= this.depth() >= DEEPEST;
    super.onopentagname(start, end);
  }

  protected override isVoidElement(name: string): boolean {
    return this.isFull || super.isVoidElement(name);
  }
}
