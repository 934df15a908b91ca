import FastifyOtel from '@fastify/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { MongoDBInstrumentation } from '@opentelemetry/instrumentation-mongodb';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import { activate, type Tracing } from './active.js';
import { neutralExporter } from './exporter.js';
import { recordSpans } from './spans.js';

/**
 * Records traces and exports them by OTLP over HTTP. The exporter reads OTEL_EXPORTER_OTLP_ENDPOINT and its other standard
 * variables itself. Call it before the driver of MongoDB is loaded.
 */
export function startTracing(): Tracing {
  const resource = new Resource({ 'service.name': 'everpost' }).merge(envDetectorSync.detect());
  const spans = new BatchSpanProcessor(neutralExporter(new OTLPTraceExporter()));
  const provider = new NodeTracerProvider({ resource, spanProcessors: [spans] });
  provider.register();
  new MongoDBInstrumentation({ dbStatementSerializer: () => '' }).enable();
  const tracing: Tracing = {
    requests: new FastifyOtel.FastifyOtelInstrumentation({ instrumentHooks: false, instrumentHandler: false }).plugin(),
    client: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
    activities: (context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) }),
    sinks: { exporter: makeWorkflowExporter(spans, resource) },
    stop: () => provider.shutdown(),
  };
  recordSpans();
  activate(tracing);
  return tracing;
}
