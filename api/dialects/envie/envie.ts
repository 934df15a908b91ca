import type { Failure } from '../../../domain/errors.js';
import { secretIn } from '../../hooks/auth.js';
import type { Dialect, RefusalResponse } from '../dialect.js';
import { lists } from './lists.js';
import { sending } from './sending.js';

/** envie.email: lists and single mails, at the root. */
export const envie: Dialect = {
  prefixes: ['/lists', '/singlesending'],
  credentials: {
    secretOf: ({ headers }) => secretIn(headers['private-key']),
    matches: ({ headers }, { _id }) => headers['public-key'] === String(_id),
  },
  toRefusal,
  routes: (api, deps, prefix) => (prefix === '/lists' ? lists(api, deps) : sending(api, deps)),
};

/** The status of the document for each native status that it does not have. */
const STATUSES: Readonly<Record<number, number>> = {
  402: 403,
  412: 400,
  413: 400,
  414: 400,
  415: 406,
  422: 400,
  502: 503,
};

/** `{status, error}` with the status of the document; a body that is not JSON is 406. */
function toRefusal({ code, message, errors = {} }: Failure, native: number): RefusalResponse {
  const status = code === 'malformed_json' ? 406 : (STATUSES[native] ?? native);
  return { status, body: { status: 'error', error: Object.values(errors).flat().join(' ') || message } };
}
