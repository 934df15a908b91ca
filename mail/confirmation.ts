import { inkOn, readableOn } from '../domain/colour.js';
import { html } from '../domain/html.js';
import type { Language } from '../domain/language.js';
import { oneLine } from './headers.js';
import { type Sentence, say } from './wording.js';

export interface ConfirmationRequest {
  readonly language: Language;
  readonly list: string;
  readonly url: string;
  readonly days: number;
  readonly reminder: boolean;
  /** `#rrggbb` of the brand. */
  readonly accent: string;
  /** Who sends it, and where they sit: shown below. */
  readonly imprint: readonly string[];
}

/** The mail that asks whether somebody wants to be on a list. No word in it comes from whoever filled in the form. */
export function confirmationLetter(of: ConfirmationRequest): { subject: string; html: string; text: string } {
  const { language, url, reminder } = of;
  const words = { list: oneLine(of.list), days: String(of.days) };
  const sentence = (name: Sentence) => say(language, name, words);
  const [asked, yes, orElse] = [sentence('confirm_mail'), sentence('confirm_button'), sentence('confirm_or_else')];
  const subject = sentence(reminder ? 'reminder_subject' : 'confirm_subject');
  const accent = readableOn('#ffffff', of.accent);
  const small = 'margin:0 0 16px;font-size:14px;color:#595959';
  const page = html`<!doctype html>
<html lang="${language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${subject}</title>
</head>
<body style="margin:0;padding:24px 16px;background:#ffffff;color:#1d2433">
<div lang="${language}" dir="ltr" style="max-width:512px;margin:0 auto;font:17px/1.6 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${say(language, 'confirm_title', words)}</h1>
<p style="margin:0 0 24px">${asked}</p>
<p style="margin:0 0 24px"><a href="${url}" style="display:inline-block;padding:12px 24px;border-radius:8px;background:${accent};color:${inkOn(accent)};font-weight:bold;text-decoration:none">${yes}</a></p>
<p style="${small};word-break:break-all"><a href="${url}" style="color:${accent}">${url}</a></p>
<p style="${small}">${orElse}</p>
<p style="${small}">${of.imprint.map((line, i) => html`${i > 0 ? { markup: '<br>' } : undefined}${line}`)}</p>
</div>
</body>
</html>
`;
  const text = [asked, `${yes}:\n${url}`, orElse, of.imprint.join('\n')].filter(Boolean).join('\n\n');
  return { subject, html: page.markup, text: `${text}\n` };
}
