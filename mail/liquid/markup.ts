import { CaptureTag, type Context } from 'liquidjs';
import { boundedOutput } from './budget.js';

/** What a letter itself has written, in each context that holds somebody's data. */
const written = new WeakMap<Context, Set<unknown>>();

/** From now on no value brings markup into what is rendered in this context: behind `raw` it is escaped as everywhere. */
export function withoutMarkup(context: Context): Context {
  written.set(context, new Set());
  return context;
}

/** A piece in which whatever came from data is escaped: the letter's own, also behind `raw`. */
export function ownMarkup(context: Context, piece: string): string {
  written.get(context)?.add(piece);
  return piece;
}

/** Whether `raw` may print a value as it is. */
export function mayBeMarkup(context: Context, value: unknown): boolean {
  return written.get(context)?.has(value) ?? true;
}

/** `capture`: what it kept is the letter's own. */
export class Capture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.templates, context, output);
    context.bottom()[this.variable] = output.buffer;
    written.get(context)?.add(output.buffer);
  }
}
