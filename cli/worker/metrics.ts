import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { mergedMetrics } from '../../api/metrics/merged-metrics.js';
import { isToken } from '../../api/metrics/metrics.js';
import type { OtherMetrics } from '../../api/wiring.js';
import type { Config } from '../../config.js';

export interface WorkerMetrics {
  /** The port it listens on; undefined if it could not listen. */
  readonly port: number | undefined;
  stop(): void;
}

/**
 * `/metrics` of a worker that runs alone, and nothing else, on a port of its own. A port that cannot be
 * bound is logged, and the worker sends without metrics.
 */
export async function serveWorkerMetrics(
  { host, http: { metricsPort, metricsToken } }: Pick<Config, 'host' | 'http'>,
  registry: Registry | undefined,
  log: Logger,
  otherMetrics: OtherMetrics = async () => [],
): Promise<WorkerMetrics | undefined> {
  if (metricsPort === undefined || metricsToken === undefined || registry === undefined) return undefined;
  collectDefaultMetrics({ register: registry });
  const server = createServer(
    (request, response) => void respond(request, response, { registry, otherMetrics, token: metricsToken }),
  );
  const listens = new Promise<number | undefined>((resolve) => {
    server.on('error', (error) => {
      log.error(
        { metricsPort, error: String(error) },
        'METRICS_PORT cannot be used: the metrics of this worker are not served; it sends mail without',
      );
      resolve(undefined);
    });
    server.listen(metricsPort, host, () => resolve((server.address() as AddressInfo).port));
  });
  const port = await listens;
  if (port !== undefined) log.info({ port }, 'the metrics of this worker are served');
  return {
    port,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface MetricsAccess {
  readonly registry: Registry;
  readonly otherMetrics: OtherMetrics;
  readonly token: string;
}

async function respond(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  { registry, otherMetrics, token }: MetricsAccess,
) {
  const end = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
    response.writeHead(status, { 'content-type': type }).end(text);
  if (method !== 'GET' || url?.split('?')[0] !== '/metrics') return end(404, 'Not found\n');
  if (!isToken(headers.authorization, token)) return end(401, 'Unauthorized\n');
  try {
    const texts = [await registry.metrics(), ...(await otherMetrics())];
    return end(200, mergedMetrics(texts), registry.contentType);
  } catch {
    return end(500, 'No figures now\n');
  }
}
