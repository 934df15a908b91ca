import type { Recipient } from '../../mail/letter/letter.js';
import type { FilledParts, MailParts, Unfilled } from '../../mail/liquid/fill-parts.js';
import type { TextTasks } from '../../mail/tasks/text-tasks.js';

/** Replaces a recipient's token, so that the links of a preview or of a test unsubscribe no subscriber. */
export const PREVIEW_TOKEN = 'preview';

export const SAMPLE_RECIPIENT: Recipient = {
  id: 0,
  email: 'ada@example.org',
  first_name: 'Ada',
  last_name: 'Lovelace',
  attributes: {},
  tags: [],
};

export interface PreviewDeps {
  readonly tasks: Pick<TextTasks, 'personal'>;
  readonly config: { readonly publicUrl: string };
}

/** Fills a letter for one person, to be shown or sent as a test; its links contain no token. */
export function previewLetter(
  { tasks, config }: PreviewDeps,
  account: number,
  { subject, preheader, html, text }: MailParts,
  recipient: Recipient,
): Promise<FilledParts | Unfilled> {
  const { publicUrl } = config;
  const letter = { subject, preheader, html, text };
  return tasks.personal(account, {
    letter,
    fields: { recipient: asRecipient(recipient), publicUrl, token: PREVIEW_TOKEN },
  });
}

/** The same for a member who is asked to approve it. */
export async function approverPreview(
  deps: PreviewDeps,
  account: number,
  letter: MailParts,
  member: { readonly name: string; readonly email: string },
): Promise<FilledParts> {
  const [first_name = '', ...rest] = member.name.split(' ');
  const person = { ...SAMPLE_RECIPIENT, email: member.email, first_name, last_name: rest.join(' ') };
  const filled = await previewLetter(deps, account, letter, person);
  if ('fault' in filled) throw new Error(`the letter to approve cannot be filled: ${filled.fault}`);
  return filled;
}

/** What a letter may read of a subscriber's row. */
export function asRecipient({ id, email, first_name, last_name, attributes, tags }: Recipient): Recipient {
  return { id, email, first_name, last_name, attributes, tags };
}

/** The subject of a test, on one line. */
export function testSubject(subject: string): string {
  return `[Test] ${subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998);
}
