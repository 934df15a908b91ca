import { describe, expect, test } from 'vitest';
import { deferringDomains } from '../../../activities/campaign/deferring-domains.js';
import { transportHealth } from '../../../activities/campaign/transport-health.js';
import { fateOf } from '../../../domain/delivery/classify.js';
import { requestedDelay } from '../../../domain/delivery/requested-delay.js';

const SHARE = 10;

/** An attempt, and the replies that it gets. */
function anAttempt({ probe = false, domains = deferringDomains(30_000) } = {}) {
  const proofs: string[] = [];
  const flows = () => void proofs.push('proof');
  const health = transportHealth({ probe, account: 1, share: () => SHARE, domains, flows });
  const reply = (line: string, domain = 'one.example') => {
    const answer = { code: Number(line.slice(0, 3)), text: line.slice(4) };
    const outcome =
      answer.code < 300
        ? ({ kind: 'accepted', reply: answer } as const)
        : ({ kind: 'refused', reply: answer } as const);
    health.recordFate({ fate: fateOf(outcome), domain, delay: requestedDelay(answer.text) });
  };
  const replies = (n: number, line: string, domain?: string) => {
    for (let i = 0; i < n; i++) reply(line, domain);
  };
  return { ...health, domains, reply, replies, proofs };
}

describe('a quota or a full server ends the claiming at its first reply', () => {
  test.each([
    ['452 4.7.1 Hourly quota exceeded, try later', 'server_quota_exceeded', null],
    ['452 4.7.1 Hourly quota exceeded, try again in 42 minutes', 'server_quota_exceeded', 42 * 60_000],
    ['452 Quota exceeded', 'server_quota_exceeded', null],
    ['550 Monthly quota exceeded', 'server_quota_exceeded', null],
    ['452 4.3.1 Insufficient system storage', 'server_full', null],
  ])('%s', (line, reason, ms) => {
    const attempt = anAttempt();
    attempt.reply(line);
    expect([attempt.transportDown(), attempt.trouble()]).toEqual([true, { reason, ms, detail: line }]);
  });

  test('a full mailbox does not', () => {
    const attempt = anAttempt();
    attempt.replies(100, '452 4.2.2 mailbox full');
    expect(attempt.transportDown()).toBe(false);
  });
});

describe('a server that limits the rate gets less mail at once, then more again', () => {
  test('the window is halved by a refusal and grows with accepted mails', () => {
    const attempt = anAttempt();
    attempt.reply('421 4.7.28 rate limited');
    expect(attempt.window()).toBe(5);
    attempt.replies(3, '250 ok');
    expect(attempt.window()).toBe(8);
    attempt.replies(50, '250 ok');
    expect([attempt.window(), attempt.transportDown()]).toEqual([SHARE, false]);
  });

  test('a provider that throttles the account makes the lane wait', () => {
    const attempt = anAttempt();
    attempt.replies(SHARE, '454 4.7.0 Throttling failure: maximum sending rate exceeded');
    const detail = '454 4.7.0 Throttling failure: maximum sending rate exceeded';
    expect(attempt.trouble()).toEqual({ reason: 'server_rate_limited', ms: null, detail });
  });
});

describe('a domain that defers its mail', () => {
  test('is held after a window of refusals; the transport is not down, and others are mailed', () => {
    const attempt = anAttempt();
    attempt.replies(SHARE, '421 try again later', 'busy.example');
    expect([attempt.transportDown(), attempt.trouble()]).toEqual([false, undefined]);
    expect(attempt.domains.holdOf(1, 'busy.example')).toMatchObject({ class: 'transient' });
    expect(attempt.domains.holdOf(1, 'free.example')).toBeUndefined();
    expect(attempt.domains.holdOf(2, 'busy.example')).toBeUndefined();
    attempt.replies(600, '250 ok', 'free.example');
    expect(attempt.transportDown()).toBe(false);
  });

  test('is held again by one refusal while no mail of it was accepted, and released by one that was', () => {
    const domains = deferringDomains(-1);
    const attempt = anAttempt({ domains });
    attempt.replies(SHARE, '421 later', 'busy.example');
    expect(domains.isSuspect(1, 'busy.example')).toBe(true);
    attempt.reply('250 ok', 'busy.example');
    expect(domains.isSuspect(1, 'busy.example')).toBe(false);
  });

  test('two domains that defer are the transport', () => {
    const attempt = anAttempt();
    attempt.replies(SHARE / 2, '421 later', 'one.example');
    attempt.replies(SHARE / 2, '421 later', 'two.example');
    const trouble = { reason: 'transport_unavailable', ms: null, detail: '421 later' };
    expect([attempt.transportDown(), attempt.trouble()]).toEqual([true, trouble]);
  });

  test('a lost connection is the transport, whatever the domain', () => {
    const attempt = anAttempt();
    const fate = fateOf({ kind: 'not_handed_over', why: { stage: 'connect', what: 'ECONNREFUSED' } });
    for (let i = 0; i < SHARE; i++) attempt.recordFate({ fate, domain: 'one.example', delay: undefined });
    expect(attempt.transportDown()).toBe(true);
  });

  test('greylisting is a matter of each recipient', () => {
    const attempt = anAttempt();
    attempt.replies(100, '451 4.7.1 Greylisted, come back');
    expect(attempt.transportDown()).toBe(false);
    expect(attempt.domains.holdOf(1, 'one.example')).toBeUndefined();
  });
});

test('an attempt after a wait begins with one mail', () => {
  const attempt = anAttempt({ probe: true });
  expect(attempt.window()).toBe(1);
  attempt.reply('250 ok');
  expect(attempt.window()).toBe(2);
});

test.each([
  ['250 ok', true],
  ['550 5.1.1 no such user', true],
  ['451 4.7.1 Greylisted, come back', true],
  ['421 4.3.2 shutting down', false],
  ['452 4.7.1 Hourly quota exceeded', false],
])('the reply %s is a proof that mail flows: %s', (line, isProof) => {
  const attempt = anAttempt();
  attempt.reply(line);
  expect(attempt.proofs).toHaveLength(isProof ? 1 : 0);
});
