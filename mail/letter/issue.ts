import { LIQUID_TAG, liquidFault, type Mode, messageBudget, parseLiquid, renderStrictly } from '../liquid/engine.js';
import { newPlaceholders } from '../liquid/placeholders.js';
import { checkLetter } from './compile.js';

/** An issue's letter as its newsletter writes it: Liquid over what the source gives. */
export interface IssueTemplate {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
}

/** What a template may read, by name: whatever else it prints is a field of a recipient, and waits for one. */
const ISSUE_FIELDS = ['items', 'feed', 'data', 'newsletter', 'issue', 'forloop'] as const;

const DECLARING =
  /\{%-?\s*(?:for|tablerow)\s+([\w-]+)\s+in\b|\{%-?\s*(?:assign|capture|increment|decrement)\s+([\w-]+)/g;
const PRINTED = /^\{\{-?\s*([A-Za-z_][\w-]*)/;

/**
 * Fills a template with one issue's content; a sentence says what is wrong. A variable that the content lacks is a fault,
 * unless the template allows for it: half a letter is none.
 */
export function issueLetter(template: IssueTemplate, content: object): IssueTemplate | string {
  try {
    const subject = filledPart(template.subject, content, 'plain').replace(/\s+/g, ' ').trim();
    const preheader = template.preheader === null ? null : filledPart(template.preheader, content, 'plain').trim();
    const html = filledPart(template.html, content, 'html');
    const fault = Object.entries(checkLetter({ subject, preheader, html, text: null }))[0];
    if (fault !== undefined) return `${fault[0]}: ${fault[1].join(' ')}`;
    if (subject === '') return 'the subject is empty';
    if (html.replace(/<[^<>]*>|&nbsp;|\s/g, '') === '') return 'the body is empty';
    return { subject: subject.slice(0, 998), preheader: preheader === '' ? null : preheader, html };
  } catch (error) {
    const fault = error instanceof MissingVariable ? error.message : liquidFault(error);
    if (fault === undefined) throw error;
    return fault;
  }
}

/** What is wrong with a template before there is any content; undefined: nothing. */
export function templateFault(source: string, mode: Mode): string | undefined {
  try {
    // As it stands as well: the recipients' part of it goes into a letter later.
    for (const liquid of [source, prepared(source).source]) parseLiquid(liquid, mode);
    return undefined;
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return fault;
  }
}

class MissingVariable extends Error {
  override readonly name = 'Missing';
}

function filledPart(source: string, content: object, mode: Mode): string {
  const { source: ours, restore } = prepared(source);
  const { text, missing } = renderStrictly(parseLiquid(ours, mode), { fields: content, mode, budget: messageBudget() });
  if (missing.length > 0) throw new MissingVariable(`the content lacks ${missing.join(', ')}`);
  return restore(text);
}

/** Outputs of recipients' fields stand aside while the issue's are filled in. */
function prepared(source: string) {
  const declared = [...source.matchAll(DECLARING)].map(([, item, name]) => item ?? name ?? '');
  const ours = new Set<string>([...ISSUE_FIELDS, ...declared]);
  const recipientTags = newPlaceholders();
  const hidden = source.replace(LIQUID_TAG, (tag) => {
    const root = PRINTED.exec(tag)?.[1];
    return root === undefined || ours.has(root) ? tag : recipientTags.mark(tag);
  });
  return { source: hidden, restore: recipientTags.restore };
}
