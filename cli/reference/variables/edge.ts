import type { Variable } from './variable.js';

/** Limits on requests, proxies, CORS and metrics. */
export const EDGE_VARIABLES: readonly Variable[] = [
  {
    name: 'CORS_ORIGINS',
    meaning: 'origins whose pages may call the API from a browser, separated by commas or blanks',
    otherwise: 'none',
    example: 'https://app.example.org',
    field: 'http',
  },
  {
    name: 'REQUEST_SECONDS',
    meaning:
      'seconds until a whole request, uploads included, must be received; then the response is 408 and the connection is closed; 0: no limit',
    fallback: '300',
    example: '60',
    field: 'http',
  },
  {
    name: 'HEADER_SECONDS',
    meaning: 'seconds until the headers of a request must be received',
    fallback: '15',
    example: '5',
    field: 'http',
  },
  {
    name: 'MAX_LOOP_DELAY',
    meaning: 'delay of the event loop in milliseconds above which requests get 503 `overloaded`; 0: never',
    fallback: '2000',
    example: '500',
    field: 'http',
  },
  {
    name: 'METRICS_TOKEN',
    meaning: 'token that `/metrics` requires as `Authorization: Bearer`; 16 characters or more',
    otherwise: 'no `/metrics`',
    example: 'a-token-for-prometheus',
    field: 'http',
  },
  {
    name: 'METRICS_PORT',
    meaning: 'port on `HOST` for `/metrics` of a worker that runs alone; 0 takes a free port; needs `METRICS_TOKEN`',
    otherwise: 'none; with `start` and `demo` the figures of the worker are in `/metrics` of the API',
    example: '9464',
    field: 'http',
  },
];
