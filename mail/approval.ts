import { html } from '../domain/html.js';
import { oneLine } from './headers.js';
import type { Previewed } from './preview.js';

export interface ApprovalRequest {
  /** As the approver would get it. */
  readonly preview: Previewed;
  readonly list: string;
  readonly people: number;
  readonly url: string;
  /** ISO 8601, UTC. */
  readonly until: string;
  /** When it is to be sent; null: at once. */
  readonly sendAt: string | null;
  readonly reminder: boolean;
}

const BOX = 'margin:0 0 24px;padding:20px 24px;background:#eef2ff;color:#1d2433;font:16px/1.6 Arial,sans-serif';
const BUTTON =
  'display:inline-block;padding:12px 24px;border-radius:8px;background:#1f4fd8;color:#ffffff;font-weight:bold;text-decoration:none';

/** The mail that asks a member whether a campaign may go out: the question on top, the letter itself below it. */
export function approvalLetter(of: ApprovalRequest): { subject: string; html: string; text: string } {
  const { preview, url } = of;
  const subject = `${of.reminder ? 'Reminder: please approve' : 'Please approve'}: ${oneLine(preview.subject)}`;
  const asked = `This mail is to go to ${of.people} people of the list ${oneLine(of.list)}, ${whenOf(of)}.`;
  const orElse = `Nothing is sent before somebody says yes. The question is open until ${of.until}.`;
  const box = html`<div lang="en" style="${BOX}">
<p style="margin:0 0 12px"><strong>May this mail go out?</strong> ${asked}</p>
<p style="margin:0 0 12px">Subject: ${preview.subject}<br>Preview line: ${preview.preheader ?? '–'}</p>
<p style="margin:0 0 12px"><a href="${url}" style="${BUTTON}">Approve or reject</a></p>
<p style="margin:0;font-size:14px">${orElse}</p>
</div>
`;
  const text = [
    `May this mail go out?`,
    asked,
    `Subject: ${preview.subject}\nPreview line: ${preview.preheader ?? '–'}`,
    `Approve or reject:\n${url}`,
    orElse,
  ].join('\n\n');
  return { subject, html: withBox(preview.html, box.markup), text: `${text}\n` };
}

function whenOf({ sendAt }: ApprovalRequest): string {
  return sendAt === null ? 'as soon as it is approved' : `at ${sendAt}`;
}

function withBox(letter: string, box: string): string {
  const body = /<body\b[^>]*>/i.exec(letter);
  if (body === null) return `${box}${letter}`;
  const end = body.index + body[0].length;
  return `${letter.slice(0, end)}\n${box}${letter.slice(end)}`;
}
