import { CaptureTag, type Context } from 'liquidjs';
import { boundedOutput } from './budget.js';

/** For each context with recipient data: the pieces that the letter itself wrote. */
const written = new WeakMap<Context, Set<unknown>>();

/** Makes `raw` escape every value in this context, so that recipient data cannot add markup. */
export function withoutMarkup(context: Context): Context {
  written.set(context, new Set());
  return context;
}

/** Marks a piece as the letter's own: its data is already escaped, so `raw` may print it. */
export function ownMarkup(context: Context, piece: string): string {
  written.get(context)?.add(piece);
  return piece;
}

/** Whether `raw` may print a value as it is. */
export function mayBeMarkup(context: Context, value: unknown): boolean {
  return written.get(context)?.has(value) ?? true;
}

/** `capture`: the captured text is the letter's own. */
export class Capture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.templates, context, output);
    context.bottom()[this.variable] = output.buffer;
    written.get(context)?.add(output.buffer);
  }
}
