import type { Variable } from './variable.js';

/** Requests to hosts that callers name. */
export const WEB_VARIABLES: readonly Variable[] = [
  {
    name: 'ALLOWED_PRIVATE_HOSTS',
    meaning:
      'hosts, addresses or CIDR ranges that webhooks, feeds and the transports of clients may reach although private, also by http and on any port; API and workers need the same',
    otherwise: 'none',
    example: '10.0.0.0/8',
    field: 'allowedPrivateHosts',
  },
];
