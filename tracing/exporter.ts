import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';

/**
 * The attributes that leave the process. Libraries also record URLs, error messages and commands, which may contain addresses
 * or contents: what is not listed here is dropped.
 */
const EXPORTED = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'db.system',
  'db.system.name',
  'db.operation',
  'db.operation.name',
  'db.namespace',
  'db.name',
  'db.collection.name',
  'db.mongodb.collection',
  'run_id',
  'temporalWorkflowId',
  'temporalActivityId',
]);
/** Our own attributes. */
const OWN = 'everpost.';

/** Exports spans without addresses and contents: names, times, relations, and the attributes that are known to be neutral. */
export function neutralExporter(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(neutral), done),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush !== undefined && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}

/** A view of a span: methods and getters stay those of the span. */
function neutral(span: ReadableSpan): ReadableSpan {
  return Object.create(span, {
    attributes: { value: exported(span.attributes) },
    events: { value: [] },
    links: { value: span.links.map(({ context }) => ({ context })) },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}

function exported(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => EXPORTED.has(name) || name.startsWith(OWN)));
}
