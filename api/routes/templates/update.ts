import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import { isSystemTemplate } from '../../../domain/template.js';
import type { Template } from '../../../store/templates/row.js';
import { demandRevision } from '../../etag.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import type { Deps } from '../../wiring.js';

const TRIES = 5;

/** Writes the row if it is unchanged; null after a concurrent change. */
type TemplateWrite = (row: Template) => Promise<Template | 'taken' | null>;

/**
 * Reads the template, compares it with `If-Match` and writes. Starts again after a concurrent change. Everpost's
 * templates cannot be changed.
 */
export async function updateTemplate(
  deps: Pick<Deps, 'templates'>,
  request: FastifyRequest,
  write: TemplateWrite,
): Promise<Template> {
  const { id } = request.params as { readonly id: number };
  for (let tries = 0; tries < TRIES; tries += 1) {
    const row = demandOwned(await deps.templates.find(accountOf(request), id));
    if (isSystemTemplate(row._id)) throw new Failure('template_read_only');
    demandRevision(request, row);
    const after = await write(row);
    if (after !== null) return demandFreeIdentifier(after);
  }
  throw new Failure('busy', undefined, 'Other requests are changing the template; try again.');
}

/** Returns the written template. Throws if another template has its identifier. */
export function demandFreeIdentifier(row: Template | 'taken'): Template {
  if (row === 'taken') throw new Failure('identifier_taken', { identifier: ['The identifier has been taken.'] });
  return row;
}
