import { html } from '../domain/html.js';
import type { Language } from '../domain/language.js';
import { endOfTag } from './document.js';
import { oneLine } from './headers.js';
import type { Previewed } from './preview.js';
import { say } from './wording.js';

export interface ApprovalRequest {
  readonly language: Language;
  /** As the approver would get it. */
  readonly preview: Previewed;
  readonly from: { readonly name: string | null; readonly email: string };
  readonly list: string;
  readonly people: number;
  readonly url: string;
  readonly until: Date;
  /** When it is to be sent; null: at once. */
  readonly sendAt: Date | null;
  readonly reminder: boolean;
}

const BOX = 'margin:0 0 24px;padding:20px 24px;background:#eef2ff;color:#1d2433;font:16px/1.6 Arial,sans-serif';
const BUTTON =
  'display:inline-block;padding:12px 24px;border-radius:8px;background:#1f4fd8;color:#ffffff;font-weight:bold;text-decoration:none';

/** The mail that asks a member whether a campaign may go out: the question on top, the letter itself below it. */
export function approvalLetter(of: ApprovalRequest): { subject: string; html: string; text: string } {
  const { language, preview, url, reminder } = of;
  const subject = say(language, reminder ? 'approve_mail_reminder' : 'approve_mail_subject', {
    subject: oneLine(preview.subject),
  });
  const title = say(language, 'approve_title');
  const asked = askedOf(language, { list: oneLine(of.list), people: of.people, sendAt: of.sendAt });
  const said = saidOf(language, preview, of.from);
  const button = say(language, 'approve_or_reject');
  const orElse = say(language, 'approve_until', { time: minuteOf(of.until) });
  const lines = said.map(([name, value], i) => html`${i === 0 ? undefined : html`<br>`}${name}: ${value}`);
  const box = html`<div lang="${language}" style="${BOX}">
<p style="margin:0 0 12px"><strong>${title}</strong> ${asked}</p>
<p style="margin:0 0 12px">${lines}</p>
<p style="margin:0 0 12px"><a href="${url}" style="${BUTTON}">${button}</a></p>
<p style="margin:0;font-size:14px">${orElse}</p>
</div>
`;
  const written = said.map(([name, value]) => `${name}: ${value}`).join('\n');
  const text = [title, asked, written, `${button}:\n${url}`, orElse].join('\n\n');
  return { subject, html: withBox(preview.html, box.markup), text: `${text}\n` };
}

/** To how many it is to go, and when. */
export function askedOf(
  language: Language,
  { list, people, sendAt }: Pick<ApprovalRequest, 'list' | 'people' | 'sendAt'>,
): string {
  const to = say(language, 'approve_text', { list, people: String(people) });
  const when = sendAt === null ? say(language, 'approve_now') : say(language, 'approve_at', { time: minuteOf(sendAt) });
  return `${to} ${when}`;
}

/** What stands around a letter in an inbox: each line's name and what it says. */
export function saidOf(
  language: Language,
  { subject, preheader }: Pick<Previewed, 'subject' | 'preheader'>,
  { name, email }: ApprovalRequest['from'],
): readonly (readonly [name: string, value: string])[] {
  return [
    [say(language, 'mail_from'), name === null ? email : `${oneLine(name)} <${email}>`],
    [say(language, 'mail_subject'), subject],
    [say(language, 'mail_preheader'), preheader ?? '–'],
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
