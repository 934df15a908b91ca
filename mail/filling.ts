import type { Template } from 'liquidjs';
import { liquidFault, type Mode, parseLiquid, renderStrictly } from './liquid.js';

/** The parts of a message in which Liquid waits for a context; `html` and `text` as rendering leaves them. */
export interface Parts {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
  readonly text: string;
}

type Part = keyof Parts;

/** Parsed once, filled for each message. */
export type ParsedParts = Readonly<Record<Part, readonly Template[]>>;

export interface Filled extends Parts {
  readonly preheader: string | null;
  /** Variables that the context lacks, as the template names them: they are empty. */
  readonly missing: readonly string[];
}

const MODES: Readonly<Record<Part, Mode>> = { subject: 'plain', preheader: 'plain', html: 'html', text: 'plain' };

export function parsedParts({ preheader, ...parts }: Parts): ParsedParts {
  const parsed = (part: Part, source: string) => parseLiquid(source, MODES[part]);
  return {
    subject: parsed('subject', parts.subject),
    preheader: parsed('preheader', preheader ?? ''),
    html: parsed('html', parts.html),
    text: parsed('text', parts.text),
  };
}

/** One message, or a campaign for one recipient, whose data is not trusted; a fault of the template, such as a loop without end, is a sentence. */
export function filled(parts: ParsedParts, context: object, isTrusted = true): Filled | string {
  const missing = new Set<string>();
  const fill = (part: Part) => {
    const { text, missing: lacking } = renderStrictly([...parts[part]], context, MODES[part], isTrusted);
    for (const name of lacking) missing.add(name);
    return text;
  };
  try {
    const said = {
      subject: fill('subject'),
      preheader: fill('preheader') || null,
      html: fill('html'),
      text: fill('text'),
    };
    return { ...said, missing: [...missing] };
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return fault;
  }
}
