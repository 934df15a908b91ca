import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reportedDelivery } from '../../../domain/delivery/evidence.js';
import { decideForAddress } from '../../../domain/delivery/suppression.js';
import { type InboundMail, readInbound } from '../../../mail/dsn/read.js';
import { aReport } from '../../support/mail/reports.js';

const ABOUT = {
  returnPath: 'b+aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb@bounce.acme.example',
  messageId: '7.42.x@acme.example',
};
const read = (name: string) => readInbound(aReport(name, ABOUT));
const verdictOf = (mail: InboundMail) => (mail.kind === 'delivery' ? reportedDelivery(mail.reports) : undefined);

test.each<[string, string, string, boolean]>([
  ['postfix-unknown-user', 'failed', 'invalid_recipient address 5.1.1', true],
  ['postfix-expired', 'failed', 'expired infrastructure 4.4.1', false],
  ['postfix-delayed', 'delayed', 'transient infrastructure 4.4.1', false],
  ['exim-mailbox-full', 'failed', 'mailbox_full address 5.2.2', false],
  ['exim-unknown-user', 'failed', 'invalid_recipient address 550', true],
  ['exchange-not-found', 'failed', 'invalid_recipient address 5.1.10', true],
  ['gmail-disabled', 'failed', 'mailbox_disabled address 5.2.1', false],
  ['ses-bounce', 'failed', 'invalid_recipient address 5.4.1', true],
  ['yahoo-no-account', 'failed', 'invalid_recipient address 554', true],
])('the report %s says %s: %s', async (name, kind, words, suppressed) => {
  const mail = await read(name);
  const verdict = verdictOf(mail);
  if (verdict === undefined || verdict.kind === 'delivered') throw new Error(JSON.stringify(mail));
  const { fate } = verdict;
  expect([verdict.kind, `${fate.class} ${fate.scope} ${fate.code}`]).toEqual([kind, words]);
  expect(decideForAddress(fate, 'report') === 'suppress').toBe(suppressed);
  expect(fate.reply).not.toMatch(/ada@/);
  expect(mail.addresses).toContain(ABOUT.returnPath);
  expect(mail.messageIds).toEqual([ABOUT.messageId]);
});

describe('a report about one recipient', () => {
  const unknown = aReport('postfix-unknown-user', ABOUT).toString();
  const said = /<ada@reader\.example>: host[\s\S]*?RCPT TO command\)/;
  const rewritten = async (text: string, edit = (report: string) => report) => {
    const verdict = verdictOf(await readInbound(Buffer.from(edit(unknown.replace(said, text)))));
    if (verdict === undefined || verdict.kind === 'delivered') return ['unread'];
    return [verdict.kind, verdict.fate.class, decideForAddress(verdict.fate, 'report')];
  };
  const withoutGroup = (report: string) => report.replace(/Final-Recipient[\s\S]*?recipient table\r\n/, '');

  test.each([
    ['Your message to ada was rejected: mailbox full', 'mailbox_full', 'count_soft_bounce'],
    ['The account of the user is disabled.', 'mailbox_disabled', 'count_soft_bounce'],
    ['Your message was rejected: not enough disk space', 'expired', 'nothing'],
  ])('whose fields say 5.1.1 and whose text says: %s', async (text, reason, decision) => {
    expect(await rewritten(text)).toEqual(['failed', reason, decision]);
  });

  test('whose text only says what to do keeps the reason of its fields', async () => {
    const text = 'Please check that the mailbox is not full. Send the message again later.';
    expect(await rewritten(text)).toEqual(['failed', 'invalid_recipient', 'suppress']);
  });

  test('has failed without a reason if it has no group and its text names the recipient', async () => {
    const text = 'Delivery to the following recipients failed permanently:\r\n\r\n   * ada@reader.example';
    expect(await rewritten(text, withoutGroup)).toEqual(['failed', 'unrecognised', 'nothing']);
  });

  test('has no reason and no recipient: it is not read', async () => {
    expect(await rewritten('Something happened.', withoutGroup)).toEqual(['unread']);
  });

  test('without a group gives its reason in any language and from any sender', async () => {
    const text = "A message could not be delivered to:\r\nada@reader.example\r\nL'adresse ci-dessus n'existe pas.";
    const edit = (report: string) => withoutGroup(report).replace(/^From: MAILER-DAEMON.*$/m, 'From: <>');
    expect(await rewritten(text, edit)).toEqual(['failed', 'invalid_recipient', 'suppress']);
  });
});

test.each(['yahoo-complaint', 'outlook-complaint'])('%s is a complaint that names the mail', async (name) => {
  const mail = await read(name);
  expect(mail).toMatchObject({ kind: 'feedback', type: 'abuse', messageIds: [ABOUT.messageId] });
  expect(mail.addresses.includes(ABOUT.returnPath)).toBe(name === 'yahoo-complaint');
});

test('an autoreply is no bounce', async () => {
  expect((await read('holiday')).kind).toBe('auto_reply');
});

test('a mail delivered to one of several addresses is delivered', async () => {
  const report = aReport('postfix-unknown-user', ABOUT).toString();
  const second = 'Final-Recipient: rfc822; b@reader.example\r\nAction: relayed\r\nStatus: 2.0.0\r\n\r\n';
  const mail = await readInbound(Buffer.from(report.replace(/(?=Final-Recipient)/, second)));
  expect(verdictOf(mail)).toEqual({ kind: 'delivered' });
});

test('any input is read without an exception, and truncated reports never suppress an address', {
  timeout: 60_000,
}, async () => {
  const report = aReport('postfix-delayed', ABOUT);
  const cut = fc
    .tuple(fc.nat(report.length), fc.nat(report.length))
    .map(([a, b]) => Buffer.concat([report.subarray(0, a), report.subarray(b)]));
  const noise = fc.oneof(
    cut,
    fc.uint8Array({ maxLength: 2_000 }).map((octets) => Buffer.from(octets)),
  );
  await fc.assert(
    fc.asyncProperty(noise, async (raw) => {
      const verdict = verdictOf(await readInbound(raw, ['x@bounce.acme.example']));
      if (verdict?.kind === 'failed') expect(decideForAddress(verdict.fate, 'report')).not.toBe('suppress');
    }),
    { numRuns: 200 },
  );
});
