import type { Template } from 'liquidjs';
import { complexityOf, type SourceLimits } from './complexity.js';
import { liquidFault, type Mode, messageBudget, parseLiquid, renderStrictly } from './engine.js';

/** The parts of a message that contain Liquid. `html` and `text` come from the rendered template. */
export interface MailParts {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string;
}

type Part = keyof MailParts;

/** Parsed once, filled for each message. */
export type ParsedMailParts = Readonly<Record<Part, readonly Template[]>>;

export interface FilledParts extends MailParts {
  readonly preheader: string | null;
  /** Variables that are missing from the context, as the template names them. They are rendered empty. */
  readonly missing: readonly string[];
}

const MODES: Readonly<Record<Part, Mode>> = { subject: 'plain', preheader: 'plain', html: 'html', text: 'plain' };

/** The reason why a template cannot be filled. */
export interface Unfilled {
  readonly code: 'not_renderable' | 'template_too_complex';
  readonly fault: string;
}

export function parseParts({ preheader, ...parts }: MailParts, limits?: SourceLimits): ParsedMailParts {
  const parsed = (part: Part, source: string) => parseLiquid(source, MODES[part], limits);
  return {
    subject: parsed('subject', parts.subject),
    preheader: parsed('preheader', preheader ?? ''),
    html: parsed('html', parts.html),
    text: parsed('text', parts.text),
  };
}

/**
 * Fills one message, or a campaign for one recipient, whose data is not trusted. Returns faults of the template as a
 * sentence.
 */
export function fillParts(
  parts: ParsedMailParts,
  context: object,
  isTrusted = true,
  budget = messageBudget(),
): FilledParts | Unfilled {
  const missing = new Set<string>();
  const fill = (part: Part) => {
    const filling = { fields: context, mode: MODES[part], budget, isTrusted };
    const { text, missing: lacking } = renderStrictly([...parts[part]], filling);
    for (const name of lacking) missing.add(name);
    return text;
  };
  try {
    const result = {
      subject: fill('subject'),
      preheader: fill('preheader') || null,
      html: fill('html'),
      text: fill('text'),
    };
    return { ...result, missing: [...missing] };
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return { code: complexityOf(error) === undefined ? 'not_renderable' : 'template_too_complex', fault };
  }
}
