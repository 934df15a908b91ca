import { describe, expect, test } from 'vitest';
import { reportedDelivery } from '../../../domain/delivery/evidence.js';
import { decideForAddress } from '../../../domain/delivery/suppression.js';
import { readInbound } from '../../../mail/dsn/read.js';
import { aFreeText } from '../../support/mail/free-text.js';

const ABOUT = {
  returnPath: 'b+aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb@bounce.acme.example',
  messageId: '7.42.x@acme.example',
  address: 'ada@reader.example',
};

async function readingOf(raw: Buffer) {
  const mail = await readInbound(raw);
  if (mail.kind !== 'delivery') return [mail.kind];
  const verdict = reportedDelivery(mail.reports);
  if (verdict === undefined || verdict.kind === 'delivered') throw new Error(JSON.stringify(mail));
  const named = mail.reports[0]?.recipient;
  return [mail.by, verdict.kind, named, verdict.fate.class, decideForAddress(verdict.fate, 'report')];
}

const EXIM = `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {{address}}
    host mx.reader.example [192.0.2.3]
    SMTP error from remote mail server after RCPT TO:<{{address}}>:
`;
const QMAIL = `Hi. This is the qmail-send program at old.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{{address}}>:
`;
const FILTERED = ['failed', 'recipient_filtered', 'count_soft_bounce'] as const;
const AUTO = 'Auto-Submitted: auto-replied';

describe('a failure report in free text is understood where it names one recipient and a known phrase', () => {
  test.each<[string, Partial<Parameters<typeof aFreeText>[0]>, string, string, string]>([
    [
      'Exim',
      { text: `${EXIM}    550 5.1.1 <{{address}}>: User unknown`, headers: [AUTO, 'X-Failed-Recipients: {{address}}'] },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Exim, of a full mailbox',
      { text: `${EXIM}    552 5.2.2 mailbox full`, headers: [AUTO] },
      'failed',
      'mailbox_full',
      'count_soft_bounce',
    ],
    [
      'Exim, out of time',
      { text: `${EXIM.replace(/ {4}host[\s\S]*/, '')}    retry timeout exceeded` },
      'failed',
      'expired',
      'nothing',
    ],
    [
      'Exim, a delay',
      {
        subject: 'Warning: message 1abc delayed 24 hours',
        text: 'A message that you sent has not yet been delivered after 24 hours.\n\nThe address to which the message has not yet been delivered is:\n\n  {{address}}\n    Delay reason: mailbox is full\n\nNo action is required on your part.',
      },
      'delayed',
      'mailbox_full',
      'count_soft_bounce',
    ],
    [
      'qmail',
      {
        subject: 'failure notice',
        text: `${QMAIL}Sorry, no mailbox here by that name. (#5.1.1)`,
        separator: '--- Below this line is a copy of the message.',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'qmail, with the reply of another server',
      {
        subject: 'failure notice',
        text: `${QMAIL}192.0.2.7 does not like recipient.\nRemote host said: 550 5.7.1 refused by policy\nGiving up on 192.0.2.7.`,
      },
      'failed',
      'policy',
      'nothing',
    ],
    [
      'Gmail',
      {
        from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
        subject: 'Delivery Status Notification (Failure)',
        headers: [AUTO, 'X-Failed-Recipients: {{address}}'],
        text: 'Delivery to the following recipient failed permanently:\n\n     {{address}}\n\nTechnical details of permanent failure:\nWe recommend contacting the other provider. The error that the other server returned was:\n550 550 5.1.1 <{{address}}>... No such user',
        separator: '----- Original message -----',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Yahoo',
      {
        from: 'MAILER-DAEMON@yahoo.com',
        subject: 'Failure Notice',
        text: "Sorry, we were unable to deliver your message to the following address.\n\n<{{address}}>:\nRemote host said:\n554 delivery error: dd This user doesn't have a reader.example account ({{address}}) [0]",
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Mail.ru',
      {
        from: 'mailer-daemon@corp.mail.ru',
        subject: 'Mail failure.',
        headers: [AUTO, 'X-Failed-Recipients: {{address}}'],
        text: `К сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:\n\n  {{address}}\n    550 Message was not accepted -- invalid mailbox. Local mailbox {{address}} is unavailable: user not found`,
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Google Groups, which does not tell a missing group from a closed one',
      {
        from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
        subject: 'Delivery Status Notification (Failure)',
        headers: [AUTO, 'X-Failed-Recipients: {{address}}'],
        text: "Hello,\n\nWe're writing to let you know that the group you tried to contact (ada) may not exist, or you may not have permission to post messages to the group.\n\nVisit https://groups.google.com/support/.",
      },
      'failed',
      'policy',
      'nothing',
    ],
    [
      'Postfix',
      {
        subject: 'Undelivered Mail Returned to Sender',
        text: "This is the Postfix program at host mx.reader.example.\n\nI'm sorry to have to inform you that your message could not be delivered.\n\n<{{address}}>: host mx2.reader.example[192.0.2.8] said: 550 5.1.1\n    <{{address}}>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)",
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Exchange',
      {
        from: 'System Administrator <postmaster@reader.example>',
        subject: 'Undeliverable: News',
        text: 'Your message\n\n  To:      {{address}}\n  Subject: News\n  Sent:    Fri, 15 May 2026 09:00:00 +0000\n\ndid not reach the following recipient(s):\n\n{{address}} on Fri, 15 May 2026 09:00:05 +0000\n    The recipient name is not recognized',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'Sendmail',
      {
        from: 'Mail Delivery Subsystem <MAILER-DAEMON@reader.example>',
        subject: 'Returned mail: see transcript for details',
        text: '   ----- The following addresses had permanent fatal errors -----\n<{{address}}>\n    (reason: 550 5.1.1 <{{address}}>... User unknown)\n\n   ----- Transcript of session follows -----\n>>> RCPT To:<{{address}}>\n<<< 550 5.1.1 <{{address}}>... User unknown',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'a server that refuses after the body',
      { text: `${EXIM.replace('after RCPT TO:<{{address}}>', 'after end of data')}    550 Unknown user {{address}}` },
      ...FILTERED,
    ],
    [
      'Tencent, with wide signs around the address',
      {
        from: 'PostMaster <PostMaster@qq.example>',
        subject: '系统退信',
        text: '您的邮件未能送达 {{address}}\n退信原因：收件人邮件地址（{{address}}）不存在，邮件无法送达。\nhost mx1.qq.example said: 550 Mailbox not found.',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
    [
      'a gateway that names DATA as the command',
      {
        text: 'Delivery to the following address failed.\n{{address}}\n\n-------server message\n550 unknown user <{{address}}>\n\n-------SMTP command\nDATA',
        separator: '-------original message',
      },
      ...FILTERED,
    ],
    [
      'a report that says of an unknown user that the account is disabled',
      { text: 'The account of the user is disabled.\n\n<{{address}}>: 550 user unknown (in reply to RCPT TO command)' },
      ...(['failed', 'mailbox_disabled', 'count_soft_bounce'] as const),
    ],
    [
      'a report whose parts were lost',
      {
        text: 'Delivery failed.\n\nFinal-Recipient: rfc822; {{address}}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown',
      },
      'failed',
      'invalid_recipient',
      'suppress',
    ],
  ])('%s', async (_who, parts, kind, reason, decision) => {
    const raw = aFreeText({ ...ABOUT, text: '', ...parts });
    expect(await readingOf(raw)).toEqual(['text', kind, ABOUT.address, reason, decision]);
    expect((await readInbound(raw)).messageIds).toEqual([ABOUT.messageId]);
  });
});

describe('it is not understood, and kept for people, if', () => {
  test.each<[string, Partial<Parameters<typeof aFreeText>[0]>]>([
    [
      'it names several recipients',
      {
        text: `${QMAIL}no mailbox here by that name. (#5.1.1)\n\n<bob@reader.example>:\nno mailbox here by that name. (#5.1.1)`,
      },
    ],
    [
      'the header names several',
      { headers: ['X-Failed-Recipients: {{address}}, bob@reader.example'], text: `${EXIM}    550 User unknown` },
    ],
    ['it names none', { text: 'Delivery failed. User unknown.' }],
    ['it gives no reason', { text: `${QMAIL}It did not work.` }],
    ['only the returned letter has the phrase', { text: `${QMAIL}Sorry.` }],
    [
      'the reason is only a possible one',
      { text: `${QMAIL}The mailbox may not exist. Please check that the user is not unknown.` },
    ],
    [
      'a person wrote it',
      {
        from: 'Bob <bob@reader.example>',
        subject: 'Re: your mail',
        text: '{{address}} does not exist any more: user unknown',
      },
    ],
  ])('%s', async (_why, parts) => {
    expect(await readingOf(aFreeText({ ...ABOUT, text: '', ...parts }))).toEqual(['unparsed']);
  });
});
