import { fieldsOf } from '../../mail/letter/fields.js';
import type { Recipient } from '../../mail/letter/letter.js';
import {
  type FilledParts,
  fillParts,
  type MailParts,
  parseParts,
  type Unfilled,
} from '../../mail/liquid/fill-parts.js';

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

/** Fills a letter for one person, to be shown or sent as a test; its links contain no token. */
export function previewLetter(
  { subject, preheader, html, text }: MailParts,
  recipient: Recipient,
  publicUrl: string,
): FilledParts | Unfilled {
  return fillParts(
    parseParts({ subject, preheader, html, text }),
    fieldsOf({ recipient, publicUrl, token: PREVIEW_TOKEN }),
    false,
  );
}

/** The subject of a test, on one line. */
export function testSubject(subject: string): string {
  return `[Test] ${subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998);
}
