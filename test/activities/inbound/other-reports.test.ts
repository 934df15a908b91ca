import { describe, expect, test } from 'vitest';
import { inbound } from '../../../store/inbound/inbound.js';
import {
  aSentCampaign,
  eventTypesOf,
  readReport,
  type SentCampaign,
  suppressedAmong,
} from '../../support/activities/inbound-fixture.js';
import { aFreeText } from '../../support/mail/free-text.js';
import { aReport } from '../../support/mail/reports.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore({ isNew: true });

/** The report about the first reader, with its fields changed. */
function changed(sent: SentCampaign, change: (report: string) => string): Buffer {
  return Buffer.from(change(aReport('postfix-unknown-user', sent.about(0)).toString()));
}

describe('a report about another address than that of our mail is soft evidence', () => {
  test.each<[string, (report: string, address: string) => string]>([
    [
      'an alias, by Original-Recipient',
      (report, ours) =>
        report.replace(
          /Final-Recipient: .*/,
          `Original-Recipient: rfc822; ${ours}\r\nFinal-Recipient: rfc822; ada@home.example`,
        ),
    ],
    [
      'a forward, by Final-Recipient alone',
      (report) => report.replace(/Final-Recipient: .*/, 'Final-Recipient: rfc822; ada@home.example'),
    ],
    [
      'a list that was given as original',
      (report) => report.replace(/(Final-Recipient: .*)/, '$1\r\nOriginal-Recipient: rfc822; everyone@reader.example'),
    ],
    [
      'another reader of ours',
      (report) => report.replace(/Final-Recipient: .*/, 'Final-Recipient: rfc822; reader1@example.test'),
    ],
  ])('%s', async (_what, change) => {
    const sent = await aSentCampaign(store, 2);
    const raw = changed(sent, (report) => change(report.replace(/Original-Recipient: .*\r\n/, ''), sent.emailKey(0)));
    expect(await readReport(store, raw)).toBe('soft_bounced');
    expect(await suppressedAmong(store, sent)).toEqual([]);
    const event = await store.db
      .collection('events')
      .findOne({ campaign: sent.campaign._id, type: 'recipient.bounced' });
    expect(event?.['data']).toMatchObject({ class: 'invalid_recipient', hard: false });
  });

  test('a full mailbox of a forward is not counted as one of ours', async () => {
    const sent = await aSentCampaign(store, 1);
    const raw = aReport('exim-mailbox-full', { ...sent.about(0), address: 'ada@home.example' });
    expect(await readReport(store, raw)).toBe('soft_bounced');
    expect(await store.db.collection('soft_bounces').countDocuments({ account: sent.campaign.account })).toBe(0);
  });

  test('upper case, brackets and a name of the type in front are the same address', async () => {
    const sent = await aSentCampaign(store, 1);
    const raw = changed(sent, (report) =>
      report.replace(/Final-Recipient: .*/, `Final-Recipient: RFC822;<${sent.emailKey(0).toUpperCase()}>`),
    );
    expect(await readReport(store, raw)).toBe('bounced');
  });
});

describe('a report is read although', () => {
  test.each<[string, (report: string) => string, string]>([
    [
      'its action is expired',
      (report) =>
        report
          .replace('Action: failed', 'Action: expired')
          .replace(/Status: .*/, 'Status: 4.4.7')
          .replace(/Diagnostic-Code: .*(?:\r\n .*)*/, 'Diagnostic-Code: smtp; delivery timed out'),
      'soft_bounced',
    ],
    ['its action is failure', (report) => report.replace('Action: failed', 'Action: failure'), 'bounced'],
    ['it has no action', (report) => report.replace('Action: failed\r\n', ''), 'bounced'],
    [
      'only its text has the reason',
      (report) => report.replace(/Status: .*/, 'Status: 5.0.0').replace(/Diagnostic-Code: .*(?:\r\n .*)*\r\n/, ''),
      'bounced',
    ],
  ])('%s', async (_what, change, verdict) => {
    const sent = await aSentCampaign(store, 1);
    expect(await readReport(store, changed(sent, change))).toBe(verdict);
  });

  test('another mail encloses it', async () => {
    const sent = await aSentCampaign(store, 1);
    const raw = Buffer.concat([
      Buffer.from(
        'From: postmaster@gate.example\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n',
      ),
      aReport('postfix-unknown-user', sent.about(0)),
      Buffer.from('\r\n--outer--\r\n'),
    ]);
    expect(await readReport(store, raw)).toBe('bounced');
  });

  test('it has no group for the recipient, and its text names one', async () => {
    const sent = await aSentCampaign(store, 1);
    const raw = changed(sent, (report) =>
      report.replace(
        /(?:Final-Recipient|Original-Recipient|Action|Status|Diagnostic-Code|Remote-MTA): .*(?:\r\n .*)*\r\n/g,
        '',
      ),
    );
    expect(await readReport(store, raw)).toBe('bounced');
  });
});

describe('a mail that encloses ours without a report', () => {
  const enclosing = (sent: SentCampaign, subject: string, from = 'feedback@isp.example') => {
    const { returnPath, messageId, address } = sent.about(0);
    const head = `From: ${from}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n`;
    const inner = `Return-Path: <${returnPath}>\r\nMessage-ID: <${messageId}>\r\nFrom: News <news@acme.example>\r\nTo: ${address}\r\nSubject: News\r\n\r\nHello.\r\n`;
    return Buffer.from(
      `${head}--b1\r\nContent-Type: text/plain\r\n\r\nOne of your mails was reported.\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\n${inner}--b1--\r\n`,
    );
  };

  test.each([
    ['abuse report', 'feedback@isp.example', []],
    ['complaint about message from 192.0.2.4', 'staff@isp.example', []],
    ['News', 'someone@isp.example', ['fbl@bounce.acme.example']],
  ])('is a complaint: %s from %s to %j', async (subject, from, to) => {
    const sent = await aSentCampaign(store, 2);
    expect(await readReport(store, enclosing(sent, subject, from), to)).toBe('complained');
    expect(await suppressedAmong(store, sent)).toEqual([0]);
    expect(await eventTypesOf(store, sent, 0)).toEqual(['recipient.complained', 'subscriber.complained']);
  });

  test('is none if it says nothing of a complaint, or encloses the mail of another', async () => {
    const sent = await aSentCampaign(store, 1);
    expect(await readReport(store, enclosing(sent, 'Fwd: News', 'bob@reader.example'))).toBe('unparsed');
    const foreign = enclosing(sent, 'abuse report')
      .toString()
      .replace(/Return-Path: .*\r\n/, '')
      .replace(/Message-ID: <\d+\.\d+\.[^>]*>/, 'Message-ID: <1.2.AAAAAAAAAA@acme.example>');
    expect(await readReport(store, Buffer.from(foreign))).toBe('unknown');
    expect(await suppressedAmong(store, sent)).toEqual([]);
  });
});

describe('a forged report in free text suppresses no stranger', () => {
  const text = 'The following address failed:\n\n  {{address}}\n    550 5.1.1 User unknown';

  test('without a mark of ours it is unknown', async () => {
    const sent = await aSentCampaign(store, 1);
    const forged = {
      returnPath: `b+${'a'.repeat(24)}.${'b'.repeat(20)}@bounce.acme.example`,
      messageId: '1.2.AAAAAAAAAA@acme.example',
    };
    expect(await readReport(store, aFreeText({ ...forged, address: sent.emailKey(0), text }))).toBe('unknown');
    expect(await suppressedAmong(store, sent)).toEqual([]);
  });

  test('with the mark of one recipient and the address of another it is soft', async () => {
    const sent = await aSentCampaign(store, 2);
    const raw = aFreeText({ ...sent.about(0), address: sent.emailKey(1), text });
    expect(await readReport(store, raw)).toBe('soft_bounced');
    expect(await suppressedAmong(store, sent)).toEqual([]);
  });

  test('with several recipients it changes nothing and can be read by the account of the mail', async () => {
    const sent = await aSentCampaign(store, 1);
    const raw = aFreeText({ ...sent.about(0), text: `${text}\n\n  bob@reader.example\n    550 5.1.1 User unknown` });
    expect(await readReport(store, raw)).toBe('unparsed');
    const { account } = sent.campaign;
    const { found } = await inbound(store).readable(account, undefined, 10);
    expect(found.map(({ raw: kept }) => Buffer.from(kept).equals(raw))).toContain(true);
    expect((await inbound(store).readable(account + 1_000, undefined, 10)).found).toEqual([]);
  });
});
