import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { FastifyPluginCallback } from 'fastify';

/** What the parts of a process add where `OTEL_EXPORTER_OTLP_ENDPOINT` is set. */
export interface Tracing {
  /** For the API: a span for each request. */
  readonly requests: FastifyPluginCallback;
  /** For clients of Temporal: workflows continue the trace of their start. */
  readonly client: { readonly workflow: WorkflowClientInterceptor[] };
  /** For workers: a span for each activity. */
  readonly activities: ActivityInterceptorsFactory;
  /** For workers: the spans of workflows. */
  // biome-ignore lint/suspicious/noExplicitAny: as the worker's options have it.
  readonly sinks: InjectedSinks<any>;
  /** Exports what is left. */
  stop(): Promise<void>;
}

let active: Tracing | undefined;

/** Undefined: traces are off. */
export function activeTracing(): Tracing | undefined {
  return active;
}

export function activate(tracing: Tracing): void {
  active = tracing;
}
