import { expect, test } from 'vitest';
import { type CampaignAndPerson, campaignAnswer } from '../../../domain/person/campaign-answer.js';
import type { CampaignFacts, RecipientFacts, SubscriberFacts } from '../../../domain/person/facts.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';

const day = (n: number) => new Date(Date.UTC(2026, 4, n, 9));

const CAMPAIGN: CampaignFacts = {
  ...{ state: 'sent', reason: null, list_id: 3, on_uncertain: 'hold', scheduled_at: null, audience: 'complete' },
  ...{ frozen_at: day(15), last_round: { n: 0, due: day(15) }, tried_until: day(18) },
};
const ACTIVE: SubscriberFacts = {
  ...{ status: 'active', created_at: day(1), subscribed_at: day(1) },
  ...{ unsubscribed_at: null, left_at: null, confirmed_at: null },
};
const SENT: RecipientFacts = {
  ...{ status: 'sent', class: null, code: null, reply: null, round: 0, attempts: 1, updated_at: day(15) },
};
const REFUSED = { class: 'invalid_recipient', code: '5.1.1', reply: '550 5.1.1 no such user' };
const BOUNCE = { reason: 'bounce', evidence: '550 5.1.1 no such user', since: day(8) };

const WAITING: Waiting = {
  ...{ reason: 'transport', since: day(15), next_try: null, detail: 'SMTP_URL cannot be reached' },
};
const IT_WAITS = 'Waiting since 2026-05-15 09:00:00 UTC (transport): SMTP_URL cannot be reached.';

interface Case extends Partial<Omit<CampaignAndPerson, 'campaign' | 'subscriber' | 'recipient'>> {
  readonly campaign?: Partial<CampaignFacts>;
  readonly subscriber?: Partial<SubscriberFacts> | null;
  readonly recipient?: Partial<RecipientFacts>;
}

const answerTo = ({ campaign, subscriber, recipient, ...more }: Case) =>
  campaignAnswer({
    campaign: { ...CAMPAIGN, ...campaign },
    subscriber: subscriber === null ? null : { ...ACTIVE, ...subscriber },
    recipient: recipient === undefined ? null : { ...SENT, ...recipient },
    ...{ bounced: null, complained: null, suppression: null, erased: false, status_at_freeze: null },
    ...{ waiting: null, held: null },
    ...more,
  });

test.each<[string, string, Case]>([
  ['sent', 'Sent by 2026-05-15 09:00:00 UTC: the mail server accepted the mail.', { recipient: {} }],
  ['sent', 'Sent: the mail server accepted the mail.', { recipient: { updated_at: null } }],
  ['sent', 'Sent: the recipient clicked a link on 2026-05-15 09:00:00 UTC.', { recipient: { class: 'clicked' } }],
  [
    'sent',
    'Sent by 2026-05-15 09:00:00 UTC: the mail server accepted the mail. ' +
      'It bounced later, on 2026-05-16 09:00:00 UTC: "550 5.1.1 no such user". ' +
      'The recipient reported it as spam on 2026-05-17 09:00:00 UTC.',
    {
      recipient: {},
      bounced: { at: day(16), reply: '550 5.1.1 no such user' },
      complained: { at: day(17), reply: null },
    },
  ],
  [
    'failed',
    'Failed on 2026-05-15 09:00:00 UTC (invalid_recipient): "550 5.1.1 no such user".',
    { recipient: { status: 'failed', ...REFUSED } },
  ],
  [
    'uncertain',
    'Uncertain since 2026-05-15 09:00:00 UTC (owner_lost): the mail may have arrived. It is not sent again without a retry.',
    { recipient: { status: 'uncertain', class: 'owner_lost' } },
  ],
  [
    'uncertain',
    'Uncertain since 2026-05-15 09:00:00 UTC (owner_lost): the mail may have arrived. A later round sends it once more.',
    { recipient: { status: 'uncertain', class: 'owner_lost' }, campaign: { on_uncertain: 'resend' } },
  ],
  [
    'skipped',
    'Skipped on 2026-05-15 09:00:00 UTC, after the freeze: unsubscribed.',
    { recipient: { status: 'skipped', class: 'unsubscribed' } },
  ],
  [
    'skipped',
    'Skipped on 2026-05-15 09:00:00 UTC, after the freeze: suppressed since 2026-05-08 09:00:00 UTC (manual).',
    {
      recipient: { status: 'skipped', class: 'suppressed' },
      suppression: { reason: 'manual', evidence: null, since: day(8) },
    },
  ],
  [
    'deferred',
    'Deferred on 2026-05-15 09:00:00 UTC (greylisted): "451 4.7.1 later". The next attempt is due on 2026-05-16 09:00:00 UTC.',
    {
      recipient: { status: 'deferred', class: 'greylisted', reply: '451 4.7.1 later' },
      campaign: { state: 'sending', last_round: { n: 1, due: day(16) } },
    },
  ],
  [
    'deferred',
    'Deferred on 2026-05-15 09:00:00 UTC (greylisted): "451". Later rounds try again until 2026-05-18 09:00:00 UTC.',
    { recipient: { status: 'deferred', class: 'greylisted', code: '451' }, campaign: { state: 'sending' } },
  ],
  [
    'pending',
    'Waiting: the campaign is in the state paused (bounce_rate).',
    {
      recipient: { status: 'pending', attempts: 0 },
      campaign: { state: 'paused', reason: 'bounce_rate' },
    },
  ],
  [
    'pending',
    'Waiting: the campaign is being sent (transport_unavailable), and has not reached this person yet.',
    {
      recipient: { status: 'pending', attempts: 0 },
      campaign: { state: 'sending', reason: 'transport_unavailable' },
    },
  ],
  [
    'pending',
    `${IT_WAITS} The campaign has not reached this person yet.`,
    { recipient: { status: 'pending', attempts: 0 }, campaign: { state: 'sending' }, waiting: WAITING },
  ],
  [
    'deferred',
    `Deferred on 2026-05-15 09:00:00 UTC (greylisted): "451". ${IT_WAITS}`,
    {
      recipient: { status: 'deferred', class: 'greylisted', code: '451' },
      campaign: { state: 'sending', tried_until: null },
      waiting: WAITING,
    },
  ],
  [
    'sent',
    'Sent: the mail server accepted the mail. The campaign waited from 2026-05-14 09:00:00 UTC to 2026-05-15 09:00:00 UTC (transport_unavailable).',
    { recipient: { updated_at: null }, held: { from: day(14), to: day(15), reason: 'transport_unavailable' } },
  ],
])('a recipient in the ledger is %s: %s', (code, sentence, known) => {
  expect(answerTo(known)).toEqual({ code, sentence });
});

test.each<[string, string, Case]>([
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: suppressed since 2026-05-08 09:00:00 UTC (bounce), after "550 5.1.1 no such user".',
    { suppression: BOUNCE },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: suppressed since 2026-05-08 09:00:00 UTC (bounce), after "550 5.1.1 no such user", counted as bounced.',
    { subscriber: { status: 'bounced' }, suppression: BOUNCE, status_at_freeze: 'bounced' },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: unsubscribed since 2026-05-10 09:00:00 UTC.',
    // Suppressed as well: the freeze looks at the status first.
    { subscriber: { status: 'unsubscribed', unsubscribed_at: day(10), left_at: day(10) }, suppression: BOUNCE },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: had unsubscribed on 2026-05-10 09:00:00 UTC, and came back on 2026-05-20 09:00:00 UTC.',
    { subscriber: { left_at: day(10), subscribed_at: day(20) } },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: had not confirmed the subscription yet (pending); confirmed on 2026-05-20 09:00:00 UTC.',
    { subscriber: { confirmed_at: day(20) } },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: had not confirmed the subscription (pending).',
    { subscriber: { status: 'pending' } },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: the address had bounced.',
    // Released and suppressed again since: that later suppression is not the reason.
    { status_at_freeze: 'bounced', suppression: { ...BOUNCE, since: day(20) } },
  ],
  [
    'excluded',
    'Excluded at the freeze on 2026-05-15 09:00:00 UTC: the reason is no longer recorded (status now: active).',
    { suppression: { ...BOUNCE, since: day(20) } },
  ],
  [
    'added_later',
    'Was not on the list when the campaign was frozen: added on 2026-05-16 09:00:00 UTC, frozen on 2026-05-15 09:00:00 UTC.',
    { subscriber: { created_at: day(16) } },
  ],
  ['not_on_list', 'Is not on list 3, to which the campaign is sent.', { subscriber: null }],
  [
    'erased',
    'The person was erased; what was sent to them before is no longer known.',
    { subscriber: null, erased: true },
  ],
  [
    'freezing',
    'The audience is still being frozen, and has not reached this person yet.',
    { campaign: { state: 'sending', audience: 'growing' }, suppression: BOUNCE },
  ],
  [
    'cancelled',
    'The campaign was cancelled before its audience was frozen to the end.',
    { campaign: { state: 'cancelled', audience: 'cut' } },
  ],
  [
    'cancelled',
    'The campaign was cancelled before its audience was frozen.',
    { campaign: { state: 'cancelled', audience: 'none', frozen_at: null } },
  ],
  [
    'not_launched',
    'Not sent yet: scheduled for 2026-05-21 09:00:00 UTC. As things stand, it includes this person.',
    { campaign: { state: 'scheduled', audience: 'none', frozen_at: null, scheduled_at: day(21) } },
  ],
  [
    'not_launched',
    'Not sent: the campaign is in the state draft (ai_failed). As things stand, this person is left out: suppressed since 2026-05-08 09:00:00 UTC (bounce), after "550 5.1.1 no such user".',
    { campaign: { state: 'draft', reason: 'ai_failed', audience: 'none', frozen_at: null }, suppression: BOUNCE },
  ],
  [
    'not_launched',
    'Not sent: the campaign is in the state draft. As things stand, this person is left out: unsubscribed.',
    { campaign: { state: 'draft', audience: 'none', frozen_at: null }, subscriber: { status: 'unsubscribed' } },
  ],
])('a person whom no page has is %s: %s', (code, sentence, known) => {
  expect(answerTo(known)).toEqual({ code, sentence });
});
