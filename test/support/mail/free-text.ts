import type { AboutMail } from './reports.js';

interface FreeText extends AboutMail {
  readonly from?: string;
  readonly subject?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
  /** `{{address}}` is the recipient. */
  readonly text: string;
  /** What precedes the returned mail. */
  readonly separator?: string;
}

/** A failure report in free text about one of our mails, as a server of that kind writes it. */
export function aFreeText(about: FreeText): Buffer {
  const address = about.address ?? 'ada@reader.example';
  const lines = [
    'Return-Path: <>',
    `From: ${about.from ?? 'Mail Delivery System <mailer-daemon@mx.reader.example>'}`,
    `To: ${about.returnPath}`,
    `Subject: ${about.subject ?? 'Mail delivery failed: returning message to sender'}`,
    ...(about.headers ?? []).map((line) => line.replaceAll('{{address}}', address)),
    'Content-Type: text/plain; charset=utf-8',
    '',
    about.text.trim().replaceAll('{{address}}', address),
    '',
    about.separator ?? '------ This is a copy of the message, including all the headers. ------',
    '',
    `Return-Path: <${about.returnPath}>`,
    'Received: from acme.example by mx.reader.example; Fri, 15 May 2026 09:00:00 +0000',
    `Message-ID: <${about.messageId}>`,
    'From: News <news@acme.example>',
    `To: ${address}`,
    'Subject: News',
    '',
    'A mailbox that does not exist is an unknown user, says this letter.',
  ];
  return Buffer.from(lines.join('\r\n').replace(/\r?\n/g, '\r\n'));
}
