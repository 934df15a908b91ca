import type { FieldErrors } from '../../domain/errors.js';
import { checkLetter, type LetterSources } from '../letter/compile.js';
import type { MailFields } from '../letter/fields.js';
import { type IssueTemplate, issueLetter, templateFault, type WorkLimits } from '../letter/issue.js';
import { personalParts } from '../letter/personal-parts.js';
import { type TextPart, textPartOf } from '../letter/text/text-part.js';
import { messageBudget } from '../liquid/engine.js';
import { type FilledParts, fillParts, type MailParts, parseParts, type Unfilled } from '../liquid/fill-parts.js';
import { type SampleContext, sampleContext } from '../liquid/sample-context.js';

/** The template of a newsletter, and what its issue is filled with. */
export interface IssueWork {
  readonly template: IssueTemplate;
  readonly content: object;
}

/** A letter and the recipient it is filled for. */
export interface PersonalWork {
  readonly letter: MailParts;
  readonly fields: MailFields;
}

/** The parts of a message and the values that its caller sent. */
export interface MessageWork {
  readonly parts: MailParts;
  readonly context: object;
}

/**
 * What is done with text of others: functions of plain data, so that any thread can run them. `limits` are those of the event
 * loop; in a thread there are none, and work that is refused is refused for good.
 */
export const TASKS = {
  check: (letter: LetterSources, limits: WorkLimits): FieldErrors => checkLetter(letter, limits.source),

  checkIssue: (template: Partial<IssueTemplate>, limits: WorkLimits): FieldErrors => {
    const faults = (['subject', 'preheader', 'html'] as const).flatMap((field) => {
      const fault = templateFault(template[field] ?? '', field === 'html' ? 'html' : 'plain', limits);
      return fault === undefined ? [] : [[field, [fault]] as const];
    });
    return Object.fromEntries(faults);
  },

  issue: ({ template, content }: IssueWork, limits: WorkLimits): IssueTemplate | string =>
    issueLetter(template, content, limits),

  personal: ({ letter, fields }: PersonalWork, limits: WorkLimits): FilledParts | Unfilled =>
    personalParts(letter, fields, limits),

  message: ({ parts, context }: MessageWork, limits: WorkLimits): FilledParts | Unfilled =>
    fillParts(parseParts(parts, limits.source), context, true, messageBudget(limits.render)),

  sample: (sources: readonly string[], limits: WorkLimits): SampleContext => sampleContext(sources, limits.source),

  text: (html: string): TextPart => textPartOf(html),
} as const;

export type TaskName = keyof typeof TASKS;
export type TaskInput<Name extends TaskName> = Parameters<(typeof TASKS)[Name]>[0];
export type TaskResult<Name extends TaskName> = ReturnType<(typeof TASKS)[Name]>;
