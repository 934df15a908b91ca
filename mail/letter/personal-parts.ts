import type { RenderLimits } from '../liquid/budget.js';
import { complexityOf, type SourceLimits, TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault, type Mode, messageBudget, parseLiquid, renderStrictly } from '../liquid/engine.js';
import type { FilledParts, MailParts, Unfilled } from '../liquid/fill-parts.js';
import { fieldsOf, type MailFields } from './fields.js';
import { type Part, type Rendering, slotsIn } from './slots.js';

interface PersonalLimits {
  readonly source?: SourceLimits;
  readonly render?: RenderLimits;
}

const MODES: Readonly<Record<Part, Mode>> = { subject: 'plain', preheader: 'plain', html: 'html', text: 'plain' };

/**
 * A letter for one recipient, from the same slots that a mail is spliced from, so that what is shown is what is sent. Names
 * the fields that the recipient lacks. A fault of the letter is a sentence.
 */
export function personalParts(
  letter: MailParts,
  fields: MailFields,
  { source: limits = TRACKED_LIMITS, render }: PersonalLimits = {},
): FilledParts | Unfilled {
  const rendering: Rendering = { fields, contexts: {}, ...(render !== undefined && { limits: render }) };
  const fill = (part: Part) =>
    slotsIn(letter[part] ?? '', MODES[part], limits)
      .map((piece) => (typeof piece === 'string' ? piece : piece.render(rendering, part)))
      .join('');
  try {
    const missing = missingIn(letter, fields, { source: limits, ...(render !== undefined && { render }) });
    return {
      subject: fill('subject'),
      preheader: fill('preheader') || null,
      html: fill('html'),
      text: fill('text'),
      missing,
    };
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return { code: complexityOf(error) === undefined ? 'not_renderable' : 'template_too_complex', fault };
  }
}

function missingIn(letter: MailParts, fields: MailFields, { source, render }: PersonalLimits): readonly string[] {
  const budget = messageBudget(render);
  const values = fieldsOf(fields);
  const parts = Object.keys(MODES) as Part[];
  const missing = parts.flatMap((part) => {
    const mode = MODES[part];
    const templates = parseLiquid(letter[part] ?? '', mode, source);
    return renderStrictly(templates, { fields: values, mode, budget, isTrusted: false }).missing;
  });
  return [...new Set(missing)];
}
