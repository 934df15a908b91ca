import { expect, test } from 'vitest';
import { CAMPAIGN_STATES } from '../../../domain/campaign/campaign.js';
import {
  campaignWaiting,
  needsFacts,
  type SendingFacts,
  type WaitingCampaign,
} from '../../../domain/waiting/campaign-waiting.js';
import { issueWaiting } from '../../../domain/waiting/issue-waiting.js';
import type { WaitingRoute } from '../../../domain/waiting/waiting.js';

const at = (second: number) => new Date(Date.UTC(2026, 4, 15, 9, 0, second));
const NOW = at(600);
const REPLY = 'connect ECONNREFUSED 192.0.2.1:25';

const aCampaign = (over: Partial<WaitingCampaign>): WaitingCampaign => ({
  state: 'sending',
  reason: null,
  held: null,
  approval: null,
  scheduled_at: null,
  want: { at: at(1) },
  round: 0,
  rounds: [{ due: at(0) }],
  updated_at: at(2),
  ...over,
});
const route: WaitingRoute = {
  name: 'The transport Relay',
  isInTrouble: false,
  hasTrouble: false,
  isBusy: false,
  since: at(500),
  next_try: null,
  accepted_at: at(499),
  state: 'up',
  reply: REPLY,
};
const down = { ...route, isInTrouble: true, hasTrouble: true, state: 'down' };
const working = { seen: at(595), isLive: true, isInFlight: true, freeAt: at(655) };
const facts = (over: Partial<SendingFacts> = {}): SendingFacts => ({
  work: working,
  routes: [route],
  othersAreSent: false,
  ...over,
});
const held = { since: at(500), at: at(590), next_try: at(605), detail: REPLY };
const HELD = { reason: 'transport_unavailable', held } as const;

test.each<[string, Partial<WaitingCampaign>, SendingFacts | undefined, object | null]>([
  ['flows', {}, facts(), null],
  [
    'waits for an approver',
    { state: 'awaiting_approval', approval: { hours: 1, requested: { at: at(3), until: at(999) }, response: null } },
    undefined,
    { reason: 'approval', since: at(3), next_try: null, detail: expect.stringContaining('2026-05-15T09:16:39') },
  ],
  ['has its letter rendered before it asks', { state: 'awaiting_approval' }, undefined, null],
  [
    'is scheduled',
    { state: 'scheduled', scheduled_at: at(900) },
    undefined,
    { reason: 'schedule', since: at(1), next_try: at(900) },
  ],
  ['is due now', { state: 'scheduled', scheduled_at: at(595) }, undefined, { reason: 'schedule' }],
  [
    'is due and begun by no worker',
    { state: 'scheduled', scheduled_at: at(580) },
    undefined,
    { reason: 'worker', since: at(580) },
  ],
  ['is being frozen', { state: 'freezing', updated_at: at(580) }, undefined, null],
  [
    'is frozen by no worker',
    { state: 'freezing', updated_at: at(500) },
    undefined,
    { reason: 'worker', since: at(500) },
  ],
  [
    'is paused by a request',
    { state: 'paused', held: { since: at(9), at: at(9), next_try: null, detail: null } },
    undefined,
    { reason: 'paused', since: at(9), next_try: null, detail: 'A request paused it.' },
  ],
  [
    'is paused because of the quota of its plan',
    { state: 'paused', reason: 'quota_exceeded', held: { since: at(9), at: at(9), next_try: null, detail: null } },
    undefined,
    { reason: 'quota', since: at(9), next_try: null, detail: expect.stringContaining('plan') },
  ],
  [
    'is paused because its sender is refused',
    {
      state: 'paused',
      reason: 'invalid_sender',
      held: { since: at(9), at: at(9), next_try: null, detail: 'The mail server refuses this sender.' },
    },
    undefined,
    { reason: 'paused', detail: expect.stringMatching(/refuses this sender\. The mail server refuses this sender\.$/) },
  ],
  [
    'waits for a further round',
    { round: 1, rounds: [{ due: at(0) }, { due: at(900), opened_at: at(300) }], ...HELD },
    undefined,
    { reason: 'retry', since: at(300), next_try: at(900) },
  ],
  [
    'waits for its transport',
    HELD,
    facts({ work: null, routes: [down] }),
    { reason: 'transport', since: at(500), next_try: at(605), detail: expect.stringContaining(REPLY) },
  ],
  ['waits for the rate of its server', { ...HELD, reason: 'server_rate_limited' }, facts(), { reason: 'rate' }],
  ['waits for the quota of its server', { ...HELD, reason: 'server_quota_exceeded' }, facts(), { reason: 'quota' }],
  [
    'waits for tokens of a rate, and its worker lives',
    { reason: 'rate_limit', held: { since: at(100), at: at(100), next_try: null, detail: 'A limit.' } },
    facts({ work: { ...working, isInFlight: false } }),
    { reason: 'rate', since: at(100), next_try: null, detail: expect.stringContaining('A limit.') },
  ],
  [
    'was held by a worker that is gone: its next try has passed',
    { ...HELD, held: { ...held, next_try: at(560) } },
    facts({ work: null }),
    { reason: 'worker', since: at(560), next_try: null, detail: expect.stringContaining(REPLY) },
  ],
  [
    'was held for tokens by a worker that is gone',
    { reason: 'rate_limit', held: { since: at(100), at: at(100), next_try: null, detail: 'A limit.' } },
    facts({ work: null }),
    { reason: 'worker', since: at(100) },
  ],
  [
    'has a worker that is silent',
    {},
    facts({ work: { seen: at(560), isLive: false, isInFlight: true, freeAt: at(620) } }),
    { reason: 'worker', since: at(560), next_try: at(620), detail: expect.stringContaining('2026-05-15T09:09:20') },
  ],
  [
    'has a worker that gets no connection yet',
    {},
    facts({ work: { ...working, isInFlight: false }, routes: [down] }),
    { reason: 'transport', since: at(500), detail: expect.stringContaining('The transport Relay cannot be reached') },
  ],
  ['has mail in flight on a transport that went down', {}, facts({ routes: [down] }), null],
  ['changed hands a moment ago', { updated_at: at(595) }, facts({ work: null }), null],
  ['sent its last mail a moment ago', {}, facts({ work: null, routes: [{ ...route, accepted_at: at(595) }] }), null],
  ['waits for its turn', {}, facts({ work: null, othersAreSent: true }), { reason: 'queue', since: at(499) }],
  ['is sent by no worker', {}, facts({ work: null }), { reason: 'worker', since: at(499), next_try: null }],
  [
    'has no transport that is enabled',
    {},
    facts({ work: { ...working, isInFlight: false }, routes: [] }),
    { reason: 'transport', detail: expect.stringContaining('enabled') },
  ],
])('a campaign that %s', (_, over, known, waiting) => {
  const found = campaignWaiting(aCampaign(over), NOW, known);
  if (waiting === null) expect(found).toBeNull();
  else expect(found).toMatchObject(waiting);
});

test('a state that has ended, a draft and a draft being written wait for nothing', () => {
  const quiet = CAMPAIGN_STATES.filter((state) => campaignWaiting(aCampaign({ state }), NOW, facts()) === null);
  expect(quiet).toEqual(expect.arrayContaining(['draft', 'drafting', 'sent', 'failed', 'cancelled']));
});

test('only a campaign that is sending now needs more than its row', () => {
  expect(needsFacts(aCampaign({}), NOW)).toBe(true);
  expect(needsFacts(aCampaign({ state: 'paused' }), NOW)).toBe(false);
  expect(needsFacts(aCampaign({ round: 1, rounds: [{ due: at(0) }, { due: at(900) }] }), NOW)).toBe(false);
});

const OF_CAMPAIGN = { reason: 'transport', since: at(5), next_try: null, detail: 'down' } as const;
test.each([
  ['whose source failed', { state: 'preparing', detail: '503', next_try: at(610) }, 'source', at(610)],
  ['whose source is being tried', { state: 'preparing', detail: null, created_at: at(590) }, 'source', null],
  ['that no worker tries', { state: 'preparing', detail: '503', next_try: at(300) }, 'worker', null],
  ['whose campaign waits', { state: 'launched' }, 'transport', null],
  ['that was sent', { state: 'sent' }, undefined, undefined],
] as const)('an issue %s', (_, over, reason, next) => {
  const row = { detail: null, created_at: at(100), ...over };
  const waiting = issueWaiting(row, NOW, OF_CAMPAIGN);
  expect([waiting?.reason, waiting?.next_try]).toEqual([reason, next]);
});
