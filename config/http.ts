import type { Reader } from './reader.js';

/** CORS and metrics. */
export interface HttpConfig {
  /** Origins whose pages may call the API from a browser; none: CORS is disabled. */
  readonly corsOrigins: readonly string[];
  /** Bearer token of `/metrics`; none: the route is disabled. */
  readonly metricsToken: string | undefined;
  /** Port of `/metrics` on a worker that runs alone; none: disabled. */
  readonly metricsPort: number | undefined;
}

export function httpSettings({ text, port }: Reader, faults: string[]): { http: HttpConfig } {
  const corsOrigins = (text('CORS_ORIGINS') ?? '').split(/[\s,]+/).filter(Boolean);
  const wrong = corsOrigins.filter((origin) => !/^https?:\/\/[\w.-]+(?::\d{1,5})?$/.test(origin));
  if (wrong.length > 0)
    faults.push(`CORS_ORIGINS must be origins such as https://app.example.org, not "${wrong.join(' ')}"`);
  const metricsToken = text('METRICS_TOKEN');
  if (metricsToken !== undefined && metricsToken.length < 16) {
    faults.push('METRICS_TOKEN must have at least 16 characters');
  }
  const metricsPort = text('METRICS_PORT') === undefined ? undefined : port('METRICS_PORT', 0);
  return { http: { corsOrigins, metricsToken, metricsPort } };
}
