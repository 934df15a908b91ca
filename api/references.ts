import { Failure } from '../domain/errors.js';
import type { List } from '../store/lists/lists.js';
import type { Template } from '../store/templates/row.js';
import type { Deps } from './wiring.js';

/** The list that a body names. A missing list and one of another account get the same error: 422 on that field. */
export async function referencedList({ lists }: Pick<Deps, 'lists'>, account: number, id: number): Promise<List> {
  const list = await lists.find(account, id);
  if (typeof list === 'object') return list;
  throw new Failure('validation_failed', { list_id: ['The selected list_id is invalid.'] });
}

/** The same for the template that a body names. */
export async function referencedTemplate(
  { templates }: Pick<Deps, 'templates'>,
  account: number,
  id: number,
): Promise<Template> {
  const template = await templates.find(account, id);
  if (typeof template === 'object') return template;
  throw new Failure('validation_failed', { template_id: ['The selected template_id is invalid.'] });
}
