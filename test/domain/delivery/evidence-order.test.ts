import { describe, expect, test } from 'vitest';
import { fateOf } from '../../../domain/delivery/classify.js';
import { fateOfReport } from '../../../domain/delivery/evidence.js';
import { decideForAddress } from '../../../domain/delivery/suppression.js';
import { growth, ONE_PASS } from '../../support/growth.js';

const fateOfReply = (line: string) =>
  fateOf({ kind: 'refused', reply: { code: Number(line.slice(0, 3)), text: line.slice(4) } });
const readingOf = (line: string) => {
  const fate = fateOfReply(line);
  if (fate.kind === 'sent') throw new Error('a refusal is never sent');
  return [fate.kind, fate.class, fate.scope, decideForAddress(fate)];
};

describe('an unknown user is suppressed at once, whatever the code', () => {
  test.each([
    '550 5.4.1 <ada@firm.example>: Recipient address rejected: Access denied. AS(201806281) [XY1.mail.protection.outlook.com]',
    '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).',
    '552 1 Requested mail action aborted, mailbox not found',
    '550 Unrouteable address',
    '550 Requested action not taken: mailbox unavailable. See https://post.example/errors?c=policy&ip=192.0.2.4',
    '554 delivery error: dd Not a valid recipient - mta4.mail.example',
    '550 5.7.1 No such user!',
    '550 Message was not accepted -- invalid mailbox. Local mailbox ada@post.example is unavailable: user not found',
    '550 ada not listed in Public Name & Address Book',
    '550 5.1.1 RESOLVER.ADR.RecipientNotFound; not found',
    '550 #5.1.0 Address rejected.',
    '550 Empfänger unbekannt',
    '550 usuario desconocido',
    '550 该用户不存在 (用户不存在)',
    '550 5.1.351 Remote server returned unknown recipient or mailbox unavailable',
    '551 User not local; please try ada@new.example',
    '550 mailbox closed',
    '550 5.4.1 All recipient addresses rejected : Access denied',
    '550 this address no longer accepts mail',
    '550 the recipient is not in my validrcptto list',
    '550 5.1.0 Recipient denied',
    '550 Nie ma takiego użytkownika',
  ])('%s', (line) => {
    expect(readingOf(line)).toEqual(['failed', 'invalid_recipient', 'address', 'suppress']);
  });
});

describe('a phrase of rate, policy or time counts before the code of an unknown user', () => {
  test.each([
    ['550 5.1.1 <ada@firm.example> 192.0.2.9 has sent to too many recipients this hour', 'rate_limited'],
    ['550 5.1.1 <ada@firm.example>: Recipient temporarily rejected: the LDAP server is down', 'transient'],
    ['550 5.1.1 lookup failed: directory server unavailable', 'transient'],
    ['550 5.1.1 recipient refused due to recipient preferences', 'policy'],
    ['550 5.1.1 user unknown, please try again later', 'transient'],
    ['550 5.1.1 <ada@firm.example>: blocked by policy', 'policy'],
    ['550 5.1.1 message looks like spam', 'content_rejected'],
    ['550 5.1.1 Your IP has a poor reputation', 'ip_blocked'],
    ['550 5.1.1 user account is disabled', 'mailbox_disabled'],
    ['550 5.1.1 command died: could not open the mailbox', 'transient'],
    ['554 5.7.1 <ada@firm.example>: Recipient address rejected: Access denied', 'policy'],
    ['550 5.1.1 <ada@icloud.example>: inactive email address', 'mailbox_disabled'],
    ['550 5.1.1 account expired', 'mailbox_disabled'],
    ['550 5.1.1 Konto gesperrt', 'mailbox_disabled'],
    ['550 5.1.1 compte désactivé', 'mailbox_disabled'],
    ['550 5.1.1 mailbox has exceeded the limit', 'mailbox_full'],
    ['550 5.1.1 Postfach voll', 'mailbox_full'],
    ['550 5.1.1 boîte pleine', 'mailbox_full'],
    ['550 5.1.1 почтовый ящик переполнен', 'mailbox_full'],
    ['550 5.1.1 邮箱已满', 'mailbox_full'],
    ['550 5.1.1 Bitte später erneut versuchen', 'transient'],
    ['550 5.1.1 réessayez plus tard', 'transient'],
    ['550 5.1.1 повторите попытку позже', 'transient'],
    [
      '550 5.1.1 <ada@firm.example>: Recipient address rejected: unverified address: connect to mx.firm.example: Connection timed out',
      'transient',
    ],
    ['550 5.1.1 undeliverable address: connect to mx.firm.example[192.0.2.3]:25: Connection refused', 'transient'],
    ['550 5.1.1 recipient could not be verified', 'transient'],
    ['550 5.1.1 timeout while checking the recipient', 'transient'],
    ['550 5.1.1 recipient rejected: your IP is not allowed', 'ip_blocked'],
    ['550 5.1.1 rejected (reputation)', 'ip_blocked'],
    ['550 5.1.1 external senders are not permitted', 'policy'],
    ['550 5.1.1 message refused by recipient', 'policy'],
    ['550 5.1.1 delivery not authorized', 'policy'],
    ['550 5.1.1 TLS required', 'policy'],
    ['550 5.1.1 your domain has no MX record', 'invalid_sender'],
    ['550 5.1.1 message exceeds maximum size', 'too_large'],
    ['550 5.1.1 attachment type not accepted', 'content_rejected'],
    ['550 5.1.1 too many invalid recipients', 'rate_limited'],
  ])('%s', (line, reason) => {
    const [, name, , decision] = readingOf(line);
    const isSoft = reason === 'mailbox_disabled' || reason === 'mailbox_full';
    expect([name, decision]).toEqual([reason, isSoft ? 'count_soft_bounce' : 'nothing']);
  });

  test.each([
    '550 5.1.1 <ada@firm.example>: undeliverable address: host mx.firm.example said: 550 5.1.1 user unknown',
    '550 Account closed',
    "550 L'adresse de messagerie n'existe pas",
  ])('%s has no such phrase', (line) => {
    expect(readingOf(line).slice(1)).toEqual(['invalid_recipient', 'address', 'suppress']);
  });
});

describe('an unknown user is a soft bounce if the server had accepted the recipient before', () => {
  const afterRcpt = (code: number, text: string) => {
    const fate = fateOf({ kind: 'refused', reply: { code, text, isAfterRcpt: true } });
    return fate.kind === 'sent' ? [] : [fate.class, decideForAddress(fate)];
  };

  test.each(['Unknown user ada@carrier.example', 'no such user', 'Empfänger unbekannt'])('550 %s', (text) => {
    expect(afterRcpt(550, text)).toEqual(['recipient_filtered', 'count_soft_bounce']);
    expect(readingOf(`550 ${text}`).slice(1)).toEqual(['invalid_recipient', 'address', 'suppress']);
  });

  test('5.1.1 says that it does not exist at every stage', () => {
    expect(afterRcpt(550, '5.1.1 no such user')).toEqual(['invalid_recipient', 'suppress']);
  });

  test.each([
    '550 : User unknown',
    '550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 : User unknown',
  ])('%s: au leaves out the address of recipients who refuse the sender', (line) => {
    expect(readingOf(line).slice(1)).toEqual(['recipient_filtered', 'address', 'count_soft_bounce']);
  });

  test.each([
    ['550 Unknown user ada@docomo.ne.jp', 'recipient_filtered'],
    ['550 Unknown user ada@docomo.ne.jp (in reply to RCPT TO command)', 'invalid_recipient'],
    ['550 5.1.1 Unknown user ada@docomo.ne.jp', 'invalid_recipient'],
    ['550 Unknown user ada@firm.example', 'invalid_recipient'],
  ])('a report quotes %s', (diagnostic, reason) => {
    expect(fateOfReport({ status: '5.0.0', diagnostic: `smtp; ${diagnostic}` }).class).toBe(reason);
  });
});

describe('a mailbox that receives too fast is tried again and never counts as a bounce', () => {
  test.each([
    '550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.',
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly.',
    '550 5.2.122 The recipient has exceeded the limit of messages per hour',
    "554 5.2.121 Recipient's per hour message receive limit exceeded",
  ])('%s', (line) => {
    expect(readingOf(line)).toEqual(['deferred', 'recipient_busy', 'message', 'nothing']);
  });
});

describe('the quota or the storage of a server is not the mailbox of the recipient', () => {
  test.each([
    ['452 4.7.1 Hourly quota exceeded, try later', 'quota_exceeded'],
    ['452 Quota exceeded', 'quota_exceeded'],
    ['550 Monthly quota exceeded', 'quota_exceeded'],
    ['454 Throttling failure: daily message quota exceeded', 'quota_exceeded'],
    ['550 5.7.1 The sending limit of your plan has been reached', 'quota_exceeded'],
    ['550 5.1.90 You have reached your daily limit for message recipients', 'quota_exceeded'],
    ['452 4.3.1 Insufficient system storage', 'system_full'],
    ['452 Requested action not taken: insufficient system storage', 'system_full'],
    ['552 5.3.1 mail system full', 'system_full'],
    ['431 not enough disk space', 'system_full'],
    ['421 4.7.28 Our system has detected mail that is rate limited', 'rate_limited'],
    ['454 4.7.0 Throttling failure: maximum sending rate exceeded', 'rate_limited'],
    ['421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred', 'rate_limited'],
    ['451 4.7.500 Server busy. Please try again later', 'rate_limited'],
  ])('%s', (line, reason) => {
    expect(readingOf(line)).toEqual(['deferred', reason, 'infrastructure', 'nothing']);
  });

  test.each([
    '452 4.2.2 Quota exceeded',
    '452 4.2.2 The email account that you tried to reach is over quota',
    '552 5.2.2 <ada@firm.example>: Quota exceeded',
    '552 Requested mail action aborted: exceeded storage allocation',
    '550 mailbox quota exceeded',
    '550 5.1.1 mailbox is full, try again later',
  ])('%s is the mailbox', (line) => {
    expect(readingOf(line).slice(1)).toEqual(['mailbox_full', 'address', 'count_soft_bounce']);
  });
});

test.each([
  '550 5.7.27 The domain of the recipient does not accept mail (null MX)',
  '550 5.7.27 Host does not accept mail',
  '556 5.1.10 Recipient address has a null MX',
])('%s: the domain accepts no mail, and no address is suppressed', (line) => {
  expect(readingOf(line)).toEqual(['failed', 'bad_domain', 'domain', 'record_bad_domain']);
});

test.each(['mailbox ', 'user ', '…', 'not ', 'quota ', 'message ', 'no such ', 'domain ', 'receiving ', 'a'])(
  'every rule reads a long hostile text of “%s” in one pass',
  async (part) => {
    const [small, large] = [`550 ${part.repeat(20_000)}`, `550 ${part.repeat(80_000)}`];
    expect(await growth(fateOfReply, small, large)).toBeLessThan(ONE_PASS);
  },
);
