import { FAILURES } from '../../domain/errors.js';
import { code, type Page, page, table } from './page.js';

/** Every error code of the API. */
export function errorsPage(): Page {
  const rows = Object.entries(FAILURES)
    .sort(([, one], [, other]) => one.status - other.status)
    .map(([name, { status, permanent, message }]) => [String(status), code(name), message, permanent ? 'no' : 'yes']);
  return page(
    'errors',
    'domain/errors.ts',
    'Errors',
    [
      'Every error response has the same shape. The meaning of a `code` never changes:',
      '```json\n{"error": {"code": "validation_failed", "message": "…", "errors": {"email": ["…"]}}}\n```',
      '`errors` lists invalid fields, with at most 20 sentences. `message` may contain more details than the sentence below.',
      '"Try again" says whether the same request may succeed later.',
    ].join('\n'),
    table(['status', 'code', 'message', 'try again'], rows),
    'A 503 response has the header `Retry-After`.',
  );
}
