import { expect, test } from 'vitest';
import { FINAL_STATES } from '../../../domain/message/message.js';
import {
  type MessageFacts,
  messageNeedsFacts,
  messageWaiting,
  type WaitingMessage,
} from '../../../domain/waiting/message-waiting.js';
import type { WaitingRoute } from '../../../domain/waiting/waiting.js';

const at = (second: number) => new Date(Date.UTC(2026, 4, 15, 9, 0, second));
const NOW = at(600);

const aMessage = (over: Partial<WaitingMessage> = {}): WaitingMessage => ({
  state: 'accepted',
  attempts: [],
  due: at(500),
  seen: at(0),
  created_at: at(500),
  ...over,
});
const route: WaitingRoute = {
  name: 'The transport Relay',
  isInTrouble: false,
  hasTrouble: false,
  isBusy: false,
  since: at(480),
  next_try: at(612),
  accepted_at: null,
  state: 'up',
  reply: '535 5.7.8 no',
};
const facts = (over: Partial<MessageFacts> = {}): MessageFacts => ({
  decidedAt: undefined,
  wasTaken: false,
  routes: [route],
  usedUp: undefined,
  ...over,
});
const refusing = { ...route, isInTrouble: true, hasTrouble: true, state: 'refusing_logins' };
const deferral = {
  n: 1,
  at: at(550).toISOString(),
  outcome: 'deferred',
  class: 'greylisted',
  code: '4.7.1',
  reply: '451 4.7.1 come back',
  next: at(700).toISOString(),
} as const;
const usedUp = { key: 'account:1', perSecond: 3, wait: 400 };

test.each<[string, Partial<WaitingMessage>, MessageFacts | undefined, object | null]>([
  ['was just accepted', { due: at(600), created_at: at(600) }, undefined, null],
  ['was accepted some seconds ago', { due: at(595), created_at: at(595) }, facts(), null],
  ['is scheduled', { due: at(900) }, undefined, { reason: 'schedule', since: at(500), next_try: at(900) }],
  [
    'was deferred',
    { state: 'deferred', due: at(700), attempts: [deferral] },
    undefined,
    { reason: 'retry', since: at(550), next_try: at(700), detail: expect.stringContaining('451 4.7.1 come back') },
  ],
  [
    'was taken by no worker',
    {},
    facts(),
    { reason: 'worker', since: at(500), next_try: null, detail: expect.stringContaining('no worker has taken it') },
  ],
  [
    'was taken by a worker that is gone',
    {},
    facts({ wasTaken: true }),
    { reason: 'worker', since: at(500), detail: expect.stringContaining('No running worker') },
  ],
  [
    'waits for its transport',
    { due: at(598), created_at: at(598) },
    facts({ routes: [refusing], wasTaken: true }),
    { reason: 'transport', since: at(598), next_try: at(612), detail: expect.stringMatching(/refuses the login.*535/) },
  ],
  [
    'has a second transport that works',
    { due: at(598), created_at: at(598) },
    facts({ routes: [refusing, route] }),
    null,
  ],
  [
    'waits in the one of two workers that cannot connect',
    {},
    facts({ routes: [{ ...route, hasTrouble: true, isBusy: true }] }),
    { reason: 'transport', since: at(500) },
  ],
  [
    'waits for a token',
    {},
    facts({ usedUp }),
    {
      reason: 'rate',
      since: at(500),
      next_try: new Date(Number(NOW) + usedUp.wait),
      detail: 'The account allows 3 mails a second.',
    },
  ],
  ['waits behind others', {}, facts({ routes: [{ ...route, isBusy: true }] }), { reason: 'queue', since: at(500) }],
  ['is being sent', { state: 'sending', seen: at(590) }, facts(), null],
  [
    'has an owner that is silent',
    { state: 'sending', seen: at(560) },
    facts({ decidedAt: at(620) }),
    { reason: 'worker', since: at(560), next_try: at(620), detail: expect.stringContaining('silent since') },
  ],
  ['has no transport', {}, facts({ routes: [] }), { reason: 'transport', detail: expect.stringContaining('enabled') }],
])('a message that %s', (_, over, known, waiting) => {
  const found = messageWaiting(aMessage(over), NOW, known);
  if (waiting === null) expect(found).toBeNull();
  else expect(found).toMatchObject(waiting);
});

test('a final message waits for nothing and needs no facts', () => {
  for (const state of FINAL_STATES) {
    const row = aMessage({ state });
    expect([messageWaiting(row, NOW, facts()), messageNeedsFacts(row, NOW)]).toEqual([null, false]);
  }
});
