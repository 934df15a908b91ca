import type { Context } from 'liquidjs';

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

/** Whether the values of a context come from a caller of the API, and not from recipients. */
export function isTrusted(context: Context): boolean {
  return !written.has(context);
}
