import type { Template } from 'liquidjs';
import { liquidFault, type Mode, parseLiquid, renderStrictly } from './engine.js';

/** The parts of a message in which Liquid waits for a context; `html` and `text` as rendering leaves them. */
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
  /** Variables that the context lacks, as the template names them: they are empty. */
  readonly missing: readonly string[];
}

const MODES: Readonly<Record<Part, Mode>> = { subject: 'plain', preheader: 'plain', html: 'html', text: 'plain' };

export function parseParts({ preheader, ...parts }: MailParts): ParsedMailParts {
  const parsed = (part: Part, source: string) => parseLiquid(source, MODES[part]);
  return {
    subject: parsed('subject', parts.subject),
    preheader: parsed('preheader', preheader ?? ''),
    html: parsed('html', parts.html),
    text: parsed('text', parts.text),
  };
}

/** One message, or a campaign for one recipient, whose data is not trusted; a fault of the template, such as a loop without end, is a sentence. */
export function fillParts(parts: ParsedMailParts, context: object, isTrusted = true): FilledParts | string {
  const missing = new Set<string>();
  const fill = (part: Part) => {
    const { text, missing: lacking } = renderStrictly([...parts[part]], context, MODES[part], isTrusted);
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
    return fault;
  }
}
