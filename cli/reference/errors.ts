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
      'Every refusal and failure has one shape, and `code` never changes its meaning:',
      '```json\n{"error": {"code": "validation_failed", "message": "…", "errors": {"email": ["…"]}}}\n```',
      '`errors` lists invalid fields: at most 20 sentences, by field. The message may say more than the',
      'sentence below. "Try again" says whether the same request may succeed later.',
    ].join('\n'),
    table(['status', 'code', 'message', 'try again'], rows),
    'A 503 carries `Retry-After`.',
  );
}
