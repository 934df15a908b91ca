import type { Reader } from './reader.js';

/** What the API does to whoever is slow, far away or too many, and who may watch. */
export interface HttpConfig {
  /** Origins whose pages may call the API from a browser; none: CORS is off. */
  readonly corsOrigins: readonly string[];
  /** A whole request, uploads too, must have come by then. */
  readonly requestSeconds: number;
  /** So must its header section. */
  readonly headerSeconds: number;
  /** Milliseconds the event loop may lag before requests are turned away; 0: never. */
  readonly maxLoopDelay: number;
  /** What `/metrics` asks for; none: there is no such page. */
  readonly metricsToken: string | undefined;
  /** Where a worker alone has that page; none: nowhere. */
  readonly metricsPort: number | undefined;
}

export function httpSettings({ text, count, port }: Reader, faults: string[]): { http: HttpConfig } {
  const corsOrigins = (text('CORS_ORIGINS') ?? '').split(/[\s,]+/).filter(Boolean);
  const wrong = corsOrigins.filter((origin) => !/^https?:\/\/[\w.-]+(?::\d{1,5})?$/.test(origin));
  if (wrong.length > 0)
    faults.push(`CORS_ORIGINS must be origins such as https://app.example.org, not "${wrong.join(' ')}"`);
  const metricsToken = text('METRICS_TOKEN');
  if (metricsToken !== undefined && metricsToken.length < 16) {
    faults.push('METRICS_TOKEN must have at least 16 characters');
  }
  const metricsPort = text('METRICS_PORT') === undefined ? undefined : port('METRICS_PORT', 0);
  const limits = { requestSeconds: count('REQUEST_SECONDS', 300), headerSeconds: count('HEADER_SECONDS', 15) };
  const maxLoopDelay = count('MAX_LOOP_DELAY', 2_000);
  return { http: { corsOrigins, ...limits, maxLoopDelay, metricsToken, metricsPort } };
}
