import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fateOf } from '../../../domain/delivery/classify.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { REFUSAL_RULES, REFUSAL_RULES_VERSION } from '../../../domain/delivery/refusal-rules.js';
import { decideForAddress, isSoftBounce, SOFT_BOUNCES } from '../../../domain/delivery/suppression.js';

const suppresses = (fate: Fate) => fate.kind !== 'sent' && decideForAddress(fate) === 'suppress';

const refused = (code: number, text: string) => fateOf({ kind: 'refused', reply: { code, text } });

describe('a refusal is classified with the table', () => {
  test.each<[number, string, string, string]>([
    // unknown recipients
    [
      550,
      '5.1.1 <ada@example.test>: Recipient address rejected: User unknown',
      'failed',
      'invalid_recipient address 5.1.1',
    ],
    [
      550,
      '5.1.1 The email account that you tried to reach does not exist.',
      'failed',
      'invalid_recipient address 5.1.1',
    ],
    [550, '5.1.6 moved away', 'failed', 'invalid_recipient address 5.1.6'],
    [501, '5.1.3 bad syntax', 'failed', 'invalid_recipient address 5.1.3'],
    [550, 'No such user here', 'failed', 'invalid_recipient address 550'],
    [554, "delivery error: dd This user doesn't have a yahoo.com account", 'failed', 'invalid_recipient address 554'],
    [550, '5.7.17 mailbox owner has changed', 'failed', 'owner_changed address 5.7.17'],
    [550, '5.7.18 domain owner has changed', 'failed', 'owner_changed address 5.7.18'],
    [550, '5.4.4 no route to host', 'failed', 'bad_domain domain 5.4.4'],
    [550, '5.1.2 no such domain', 'failed', 'bad_domain domain 5.1.2'],
    [556, '5.1.10 recipient address has null MX', 'failed', 'bad_domain domain 5.1.10'],
    // temporary states of a mailbox
    [552, '5.2.2 mailbox full', 'failed', 'mailbox_full address 5.2.2'],
    [452, '4.2.2 over quota', 'deferred', 'mailbox_full address 4.2.2'],
    [552, 'Quota exceeded', 'failed', 'mailbox_full address 552'],
    [550, '5.2.1 The account is disabled', 'failed', 'mailbox_disabled address 5.2.1'],
    [550, '5.7.13 user account disabled', 'failed', 'mailbox_disabled address 5.7.13'],
    [450, '4.1.1 user unknown, try later', 'deferred', 'invalid_recipient message 4.1.1'],
    // the message
    [552, '5.3.4 message too big', 'failed', 'too_large message 5.3.4'],
    [554, '5.7.1 Message rejected as spam', 'failed', 'content_rejected message 5.7.1'],
    [552, '5.2.3 longer than the limit', 'failed', 'too_large message 5.2.3'],
    [451, '4.4.7 delivery time expired', 'deferred', 'expired message 4.4.7'],
    [550, '5.6.0 malformed', 'failed', 'content_rejected message 5.6.0'],
    [550, '5.6.7 SMTPUTF8 needed', 'failed', 'eai_unsupported message 5.6.7'],
    [554, '5.4.7 expired', 'failed', 'expired message 5.4.7'],
    [550, 'xyzzy', 'failed', 'unrecognised message 550'],
    // the sender
    [550, '5.7.26 unauthenticated mail', 'failed', 'auth_failure sender 5.7.26'],
    [550, '5.7.20 no passing signature', 'failed', 'auth_failure sender 5.7.20'],
    [451, '4.7.23 no PTR record', 'deferred', 'auth_failure sender 4.7.23'],
    [550, '5.7.27 sender is unauthenticated: SPF', 'failed', 'auth_failure sender 5.7.27'],
    [550, '5.7.27 null MX', 'failed', 'invalid_sender sender 5.7.27'],
    [550, '5.1.7 bad syntax of the originator', 'failed', 'invalid_sender sender 5.1.7'],
    [550, '5.7.14 trust relationship required', 'failed', 'policy sender 5.7.14'],
    [550, '5.7.1 address unknown to this policy', 'failed', 'policy sender 5.7.1'],
    [550, '5.7.515 Access denied', 'failed', 'auth_failure sender 5.7.515'],
    [421, '4.7.27 SPF did not pass', 'deferred', 'auth_failure sender 4.7.27'],
    [451, '4.7.32 alignment', 'deferred', 'auth_failure sender 4.7.32'],
    [550, '5.1.8 sender address rejected: domain not found', 'failed', 'invalid_sender sender 5.1.8'],
    [550, '5.1.1 sender address unknown: user does not exist', 'failed', 'invalid_sender sender 5.1.1'],
    [550, '5.7.1 this recipient takes no mail from your sender address', 'failed', 'policy sender 5.7.1'],
    [550, '5.7.1 the account of the sender is suspended', 'failed', 'policy sender 5.7.1'],
    [550, 'Sender address rejected', 'failed', 'invalid_sender sender 550'],
    [550, '5.7.1 rejected by policy', 'failed', 'policy sender 5.7.1'],
    [550, '5.7.0 not here', 'failed', 'policy sender 5.7.0'],
    [550, '5.7.12 not from outside', 'failed', 'policy sender 5.7.12'],
    [550, '5.7.29 ARC did not pass', 'failed', 'auth_failure sender 5.7.29'],
    // the connection
    [
      554,
      '5.7.1 Client host [203.0.113.7] blocked using zen.spamhaus.org',
      'deferred',
      'ip_blocked infrastructure 5.7.1',
    ],
    [550, 'Your IP 203.0.113.7 is listed for poor reputation', 'deferred', 'ip_blocked infrastructure 550'],
    [554, '5.7.1 Relay access denied', 'deferred', 'relay_denied infrastructure 5.7.1'],
    [550, '5.4.5 Daily sending quota exceeded', 'deferred', 'quota_exceeded infrastructure 5.4.5'],
    [452, '4.5.3 too many recipients', 'deferred', 'too_many_recipients infrastructure 4.5.3'],
    [550, '5.5.3 too many recipients', 'deferred', 'too_many_recipients infrastructure 5.5.3'],
    [451, '4.4.1 no answer from host', 'deferred', 'transient infrastructure 4.4.1'],
    [535, '5.7.8 credentials invalid', 'deferred', 'submission_auth infrastructure 5.7.8'],
    [454, '4.7.0 temporary authentication failure', 'deferred', 'submission_auth infrastructure 4.7.0'],
    [554, 'Service unavailable; blocked by Barracuda', 'deferred', 'ip_blocked infrastructure 554'],
    [550, '5.7.1 listed at SpamCop', 'deferred', 'ip_blocked infrastructure 5.7.1'],
    [451, '4.3.0 try later', 'deferred', 'transient infrastructure 4.3.0'],
    [451, '4.7.1 Greylisted, come back', 'deferred', 'greylisted session 4.7.1'],
    [450, '4.2.1 receiving mail too fast', 'deferred', 'recipient_busy message 4.2.1'],
    [421, 'closing', 'deferred', 'transient infrastructure 421'],
    [503, '5.5.1 bad sequence', 'deferred', 'protocol session 5.5.1'],
    [530, '5.7.0 authentication required', 'deferred', 'submission_auth infrastructure 5.7.0'],
    [450, 'whatever', 'deferred', 'transient session 450'],
    // a status that contradicts the code is ignored
    [550, '4.2.2 what now', 'failed', 'unrecognised message 550'],
  ])('%i %s', (code, text, kind, rest) => {
    const fate = refused(code, text);
    if (fate.kind === 'sent') throw new Error('a refusal is never sent');
    expect([fate.kind, `${fate.class} ${fate.scope} ${fate.code}`]).toEqual([kind, rest]);
    const gone = /^(?:invalid_recipient|owner_changed) address /.test(rest);
    expect(suppresses(fate)).toBe(kind === 'failed' && gone);
    expect(isSoftBounce(fate.class)).toBe(rest.includes(' address ') && !gone);
  });
});

test('the rule that read a refusal is named with the version of the table; without a rule none is', () => {
  expect(refused(550, '5.1.1 gone')).toMatchObject({ rule: `${REFUSAL_RULES_VERSION}:no-mailbox-status` });
  expect(refused(550, 'xyzzy')).not.toHaveProperty('rule');
});

test('rules have unique ids; only scope address suppresses, at once or in time', () => {
  expect(new Set(REFUSAL_RULES.map(({ id }) => id)).size).toBe(REFUSAL_RULES.length);
  const harmful = REFUSAL_RULES.filter(({ means }) => means === 'suppress' || means === 'count');
  expect(harmful.filter(({ scope }) => scope !== 'address')).toEqual([]);
  const counted = REFUSAL_RULES.filter(({ means }) => means === 'count').map((rule) => rule.class);
  expect(new Set(counted)).toEqual(new Set(Object.keys(SOFT_BOUNCES)));
});

test('other outcomes', () => {
  expect(fateOf({ kind: 'accepted', reply: { code: 250, text: '2.0.0 Ok: queued as 4F' } })).toEqual({
    kind: 'sent',
    reply: '250 2.0.0 Ok: queued as 4F',
  });
  expect(fateOf({ kind: 'uncertain', why: { stage: 'dot', what: 'ECONNRESET' } })).toMatchObject({
    kind: 'uncertain',
    class: 'unknown_outcome',
    reply: 'dot: ECONNRESET',
  });
  expect(fateOf({ kind: 'not_handed_over', why: { stage: 'connect', what: 'EAUTH 535 5.7.8 no' } })).toMatchObject({
    kind: 'deferred',
    class: 'submission_auth',
    scope: 'infrastructure',
  });
});

describe('for any reply', () => {
  const anyReply = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 400 }), fc.lorem());

  test('4xx is deferred and never suppresses', { timeout: 60_000 }, () => {
    const words = fc.constantFrom('user unknown', '5.1.1', '4.1.1', 'no such mailbox', 'spamhaus', '5.7.17');
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 499 }), anyReply, words, (code, text, word) => {
        const fate = refused(code, `${word} ${text}`);
        expect(fate.kind).toBe('deferred');
        expect(suppresses(fate)).toBe(false);
      }),
    );
  });

  test('an unrecognised text never suppresses', { timeout: 60_000 }, () => {
    const strange = anyReply.filter((text) => !/5\.|user|mailbox|recipient|account|address/i.test(text));
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 599 }), strange, (code, text) => {
        const fate = refused(code, text);
        expect(suppresses(fate)).toBe(false);
        expect('rule' in fate || (fate.kind === 'failed' && fate.class === 'unrecognised')).toBe(true);
      }),
    );
  });

  test('the stored reply has at most 120 characters, one line and no address', { timeout: 60_000 }, () => {
    const address = fc.constantFrom(
      'ada@example.test',
      '<a.b+c@x.example.test>',
      'rfc822;x@y.test',
      '"ada l"@x.test',
      'to=ada@x.test,',
    );
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), anyReply, address, anyReply, (code, before, given, after) => {
        const fate = refused(code, `${before} ${given} ${after}`);
        expect(fate.reply?.length).toBeLessThanOrEqual(120);
        expect(fate.reply).not.toMatch(/@(?:x|y|example|x\.example)\.test|\p{Cc}/u);
      }),
    );
  });
});
