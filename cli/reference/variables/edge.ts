import type { Variable } from './variable.js';

/** Limits on requests, proxies, CORS and metrics. */
export const EDGE_VARIABLES: readonly Variable[] = [
  {
    name: 'CORS_ORIGINS',
    meaning: 'origins whose pages may call the API from a browser, with commas or blanks between them',
    otherwise: 'none: no page of another origin may',
    example: 'https://app.example.org',
    field: 'http',
  },
  {
    name: 'REQUEST_SECONDS',
    meaning: 'a whole request, uploads too, must have come by then, or it is answered 408 and hung up on; 0: no limit',
    fallback: '300',
    example: '60',
    field: 'http',
  },
  {
    name: 'HEADER_SECONDS',
    meaning: 'the same for its header section',
    fallback: '15',
    example: '5',
    field: 'http',
  },
  {
    name: 'MAX_LOOP_DELAY',
    meaning: 'milliseconds the process may lag behind before requests are answered 503 `overloaded`; 0: never',
    fallback: '2000',
    example: '500',
    field: 'http',
  },
  {
    name: 'METRICS_TOKEN',
    meaning: 'opens `/metrics` to whoever sends it as `Authorization: Bearer`; 16 characters or more',
    otherwise: 'there is no `/metrics`',
    example: 'a-token-for-prometheus',
    field: 'http',
  },
  {
    name: 'METRICS_PORT',
    meaning:
      'port, on `HOST`, where a worker that runs alone has its `/metrics`; 0 takes a free one; needs `METRICS_TOKEN`',
    otherwise: 'a worker alone has none; with `start` and `demo` its figures are on the `/metrics` of the API',
    example: '9464',
    field: 'http',
  },
];
