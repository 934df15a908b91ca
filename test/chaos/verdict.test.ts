import { expect, test } from 'vitest';
import { type JudgedCampaign, type JudgedMail, type RunRecord, verdictOf } from '../../chaos/verdict.js';

const mail = (to: string, status: string | undefined, accepted: number): JudgedMail => ({ to, status, accepted });

/** All that may rightly occur: sent, refused, in doubt either way, put off. */
const RECIPIENTS = [
  mail('sent', 'sent', 1),
  mail('refused', 'failed', 0),
  mail('arrived, in doubt', 'uncertain', 1),
  mail('not arrived, in doubt', 'uncertain', 0),
  mail('put off', 'deferred', 0),
  mail('left', 'skipped', 0),
  mail('in a later round', 'pending', 0),
];
const CAMPAIGN: JudgedCampaign = {
  waitsForRetry: true,
  recipients: RECIPIENTS,
  counted: { recipients: 7, byStatus: { sent: 1, failed: 1, uncertain: 2, deferred: 1, skipped: 1, pending: 1 } },
};
const ANOTHER: JudgedCampaign = {
  waitsForRetry: false,
  recipients: [mail('in another campaign', 'sent', 1)],
  counted: { recipients: 1, byStatus: { sent: 1 } },
};
const RIGHT: RunRecord = {
  campaigns: [CAMPAIGN, ANOTHER],
  messages: [mail('code', 'sent', 1), mail('cancelled', 'cancelled', 0)],
  bound: 2,
  events: { logged: ['evt_1', 'evt_2'], received: new Set(['evt_1', 'evt_2', 'evt_0']) },
  quota: { used: 5, reserved: 0 },
};

test('the promise holds where each mail was delivered once or is named', () => {
  expect(verdictOf(RIGHT)).toMatchObject({
    holds: true,
    recipients: 8,
    deliveredOnce: 3,
    uncertain: 2,
    notDelivered: 5,
    quotaDrift: 0,
  });
});

const withCampaign = (changed: Partial<JudgedCampaign>): RunRecord => ({
  ...RIGHT,
  campaigns: [{ ...CAMPAIGN, ...changed }, ANOTHER],
});
const withMail = (changed: JudgedMail, waitsForRetry = true): RunRecord =>
  withCampaign({ waitsForRetry, recipients: RECIPIENTS.map((one) => (one.to === changed.to ? changed : one)) });

test.each<[what: string, record: RunRecord, found: object]>([
  [
    'a mail is said to be sent and never arrived',
    withMail(mail('sent', 'sent', 0)),
    { lost: [expect.stringMatching(/^sent: /)] },
  ],
  [
    'a mail is not decided',
    withMail(mail('sent', 'pending', 0), false),
    { lost: expect.arrayContaining([expect.stringMatching(/^sent: pending/)]) },
  ],
  [
    'a message is still being sent',
    { ...RIGHT, messages: [mail('code', 'sending', 0)] },
    { lost: [expect.stringMatching(/^code: /)] },
  ],
  [
    'the API does not know a message',
    { ...RIGHT, messages: [mail('code', undefined, 0)] },
    { lost: [expect.stringMatching(/^code: /)] },
  ],
  ['a mail arrived twice', withMail(mail('sent', 'sent', 2)), { twice: [expect.stringMatching(/^sent: /)] }],
  [
    'a mail in doubt arrived twice',
    withMail(mail('arrived, in doubt', 'uncertain', 2)),
    { twice: [expect.stringMatching(/^arrived, in doubt: /)] },
  ],
  [
    'a mail arrived and is said to be refused',
    withMail(mail('refused', 'failed', 1)),
    { misreported: [expect.stringMatching(/^refused: /)] },
  ],
  [
    'a mail arrived and is said to be put off',
    withMail(mail('put off', 'deferred', 1)),
    { misreported: [expect.stringMatching(/^put off: /)] },
  ],
  ['more mails are in doubt than the faults explain', { ...RIGHT, bound: 1 }, { uncertain: 2, bound: 1 }],
  [
    'the webhook missed an event',
    { ...RIGHT, events: { ...RIGHT.events, received: new Set(['evt_1']) } },
    { webhooksMissing: ['evt_2'] },
  ],
  [
    'a recipient is counted that is not there',
    withCampaign({ counted: { ...CAMPAIGN.counted, recipients: 8 } }),
    { addsUp: false },
  ],
  [
    'a status is counted wrongly',
    withCampaign({ counted: { recipients: 7, byStatus: { ...CAMPAIGN.counted.byStatus, pending: 2 } } }),
    { addsUp: false },
  ],
  [
    'two campaigns count a recipient of the other one',
    {
      ...RIGHT,
      campaigns: [
        { ...CAMPAIGN, counted: { recipients: 7, byStatus: { ...CAMPAIGN.counted.byStatus, sent: 2 } } },
        { ...ANOTHER, counted: { recipients: 1, byStatus: { sent: 0 } } },
      ],
    },
    { addsUp: false },
  ],
  ['a mail was counted twice against the quota', { ...RIGHT, quota: { used: 6, reserved: 0 } }, { quotaDrift: 1 }],
  ['a mail was not counted against the quota', { ...RIGHT, quota: { used: 3, reserved: 1 } }, { quotaDrift: -1 }],
])('it does not hold where %s', (_, record, found) => {
  expect(verdictOf(record)).toMatchObject({ ...found, holds: false });
});
