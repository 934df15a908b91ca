import { type Attributes, context, propagation, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';

/** The part of a trace that other processes continue, as in the W3C's `traceparent` header. */
export type TraceParent = string;

let isOn = false;

/** From now on `inSpan` records spans. */
export function recordSpans(): void {
  isOn = true;
}

/** The trace of the work that is under way; undefined where nothing is traced. */
export function currentTrace(): TraceParent | undefined {
  if (!isOn || trace.getActiveSpan() === undefined) return undefined;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Runs `work` as a part of this trace; without one, of none. */
export function withinTrace<T>(traceparent: TraceParent | undefined, work: () => T): T {
  return isOn ? context.with(contextOf(traceparent), work) : work();
}

export interface SpanOptions {
  /** Ids, counts, codes and names of kinds: no addresses, no contents. `tracing/exporter.ts` lists what is exported. */
  readonly attributes?: Attributes;
  /** The trace that the span belongs to, if it is another than that of the work under way, which it then links to. */
  readonly traceparent?: TraceParent | undefined;
}

/** Runs `work` in a span. Where traces are off it only runs `work`. `resultOf`: attributes of the result. */
export function inSpan<T>(
  name: string,
  { attributes = {}, traceparent }: SpanOptions,
  work: () => Promise<T>,
  resultOf: (result: T) => Attributes = () => ({}),
): Promise<T> {
  if (!isOn) return work();
  const around = trace.getActiveSpan();
  const links = traceparent === undefined || around === undefined ? [] : [{ context: around.spanContext() }];
  const parent = traceparent === undefined ? context.active() : contextOf(traceparent);
  return trace.getTracer('everpost').startActiveSpan(name, { attributes, links }, parent, async (span) => {
    try {
      const result = await work();
      span.setAttributes(resultOf(result));
      return result;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

function contextOf(traceparent: TraceParent | undefined) {
  return traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
}
