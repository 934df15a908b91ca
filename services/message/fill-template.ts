import { Failure } from '../../domain/errors.js';
import { withMarks } from '../../mail/letter/text/text-part.js';
import { LIGHT_LIMITS } from '../../mail/liquid/budget.js';
import { notLightIn } from '../../mail/liquid/complexity.js';
import { messageBudget } from '../../mail/liquid/engine.js';
import { type FilledParts, fillParts, type Unfilled } from '../../mail/liquid/fill-parts.js';
import type { TextTasks } from '../../mail/tasks/text-tasks.js';
import type { TemplateParts } from '../template-cache.js';

/** Fills a template for a message or its preview. A text that is made from the HTML has marks around its links. Throws the Failure of a fault in the template. */
export async function fillTemplate(
  tasks: Pick<TextTasks, 'message' | 'text'>,
  parts: TemplateParts,
  context: object,
): Promise<FilledParts> {
  const filled = filledHere(parts, context) ?? (await tasks.message({ parts: parts.source, context }));
  if ('fault' in filled) throw new Failure(filled.code, { context: [filled.fault] });
  return parts.textFromHtml ? { ...filled, text: withMarks(await tasks.text(filled.html)) } : filled;
}

/** Undefined: the work is too much for the event loop. */
function filledHere({ parsed }: TemplateParts, context: object): FilledParts | Unfilled | undefined {
  if (parsed === undefined) return undefined;
  try {
    return fillParts(parsed, context, true, messageBudget(LIGHT_LIMITS));
  } catch (error) {
    if (notLightIn(error) === undefined) throw error;
    return undefined;
  }
}
