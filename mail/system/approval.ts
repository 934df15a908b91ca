import { html } from '../../domain/html.js';
import type { Language } from '../../domain/language.js';
import { endOfTag, isDocument } from '../letter/document.js';
import { oneLine } from '../mime/headers.js';
import { translate } from '../translate.js';

export interface ApprovalRequest {
  readonly language: Language;
  /** The letter, rendered for the approver. */
  readonly preview: LetterPreview;
  readonly from: { readonly name: string | null; readonly email: string };
  readonly list: string;
  readonly people: number;
  readonly url: string;
  readonly until: Date;
  /** The sending time; null: at once. */
  readonly sendAt: Date | null;
  readonly reminder: boolean;
}

const BOX = 'margin:0 0 24px;padding:20px 24px;background:#eef2ff;color:#1d2433;font:16px/1.6 Arial,sans-serif';
const BUTTON =
  'display:inline-block;padding:12px 24px;border-radius:8px;background:#1f4fd8;color:#ffffff;font-weight:bold;text-decoration:none';

/** The mail that asks a member to approve a campaign: the question first, then the letter. */
export function approvalMail(of: ApprovalRequest): { subject: string; html: string; text: string } {
  const { language, preview, url, reminder } = of;
  const subject = translate(language, reminder ? 'approve_mail_reminder' : 'approve_mail_subject', {
    subject: oneLine(preview.subject),
  });
  const title = translate(language, 'approve_title');
  const summary = sendingSummary(language, { list: oneLine(of.list), people: of.people, sendAt: of.sendAt });
  const inbox = inboxLines(language, preview, of.from);
  const button = translate(language, 'approve_or_reject');
  const deadline = translate(language, 'approve_until', { time: minuteOf(of.until) });
  const lines = inbox.map(([name, value], i) => html`${i === 0 ? undefined : html`<br>`}${name}: ${value}`);
  const box = html`<div lang="${language}" style="${BOX}">
<p style="margin:0 0 12px"><strong>${title}</strong> ${summary}</p>
<p style="margin:0 0 12px">${lines}</p>
<p style="margin:0 0 12px"><a href="${url}" style="${BUTTON}">${button}</a></p>
<p style="margin:0;font-size:14px">${deadline}</p>
</div>
`;
  const inboxText = inbox.map(([name, value]) => `${name}: ${value}`).join('\n');
  const text = [title, summary, inboxText, `${button}:\n${url}`, deadline].join('\n\n');
  return { subject, html: withBox(wholeDocument(preview.html), box.markup), text: `${text}\n` };
}

/** The number of recipients and the sending time. */
export function sendingSummary(
  language: Language,
  { list, people, sendAt }: Pick<ApprovalRequest, 'list' | 'people' | 'sendAt'>,
): string {
  const to = translate(language, 'approve_text', { list, people: String(people) });
  const when =
    sendAt === null
      ? translate(language, 'approve_now')
      : translate(language, 'approve_at', { time: minuteOf(sendAt) });
  return `${to} ${when}`;
}

/** Sender, subject and preheader as an inbox shows them. */
export function inboxLines(
  language: Language,
  { subject, preheader }: Pick<LetterPreview, 'subject' | 'preheader'>,
  { name, email }: ApprovalRequest['from'],
): readonly (readonly [name: string, value: string])[] {
  return [
    [translate(language, 'mail_from'), name === null ? email : `${oneLine(name)} <${email}>`],
    [translate(language, 'mail_subject'), subject],
    [translate(language, 'mail_preheader'), preheader ?? '–'],
  ];
}

/** `2026-05-15 09:00 UTC` */
function minuteOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function withBox(letter: string, box: string): string {
  const end = endOfTag(letter, 'body');
  if (end === undefined) return `${box}${letter}`;
  return `${letter.slice(0, end)}\n${box}${letter.slice(end)}`;
}

interface LetterPreview {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
}

/** The HTML of a preview as a page of its own. */
export function wholeDocument(html: string): string {
  if (isDocument(html)) return html;
  return `<!doctype html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n${html}\n</body>\n</html>\n`;
}
