import { Failure } from '../../domain/errors.js';
import { type TextPart, withoutMarks } from '../../mail/letter/text/text-part.js';
import { LIGHT_LIMITS } from '../../mail/liquid/budget.js';
import { ifLight } from '../../mail/liquid/complexity.js';
import { messageBudget } from '../../mail/liquid/engine.js';
import { type FilledParts, fillParts, type Unfilled } from '../../mail/liquid/fill-parts.js';
import type { TextTasks } from '../../mail/tasks/text-tasks.js';
import type { TemplateParts } from '../template-cache.js';

/** The parts of a mail; `textLinks`: where the links of a text stand that was made from HTML. */
export interface FilledTemplate extends FilledParts {
  readonly textLinks?: TextPart['links'];
}

/** Fills a template for a message or its preview. Throws the Failure of a fault in the template. */
export async function fillTemplate(
  tasks: Pick<TextTasks, 'message' | 'text'>,
  account: number,
  parts: TemplateParts,
  context: object,
): Promise<FilledTemplate> {
  const filled = filledHere(parts, context) ?? (await tasks.message(account, { parts: parts.source, context }));
  if ('fault' in filled) throw new Failure(filled.code, { context: [filled.fault] });
  // A text of the template's own has no marks: its addresses are found when it is sent.
  const { text, links } = parts.textFromHtml ? await tasks.text(account, filled.html) : withoutMarks(filled.text);
  return { ...filled, text, ...(links.length > 0 && { textLinks: links }) };
}

/** Undefined: the work is too much for the event loop. */
function filledHere({ parsed }: TemplateParts, context: object): FilledParts | Unfilled | undefined {
  if (parsed === undefined) return undefined;
  return ifLight(() => fillParts(parsed, context, true, messageBudget(LIGHT_LIMITS)))?.result;
}
