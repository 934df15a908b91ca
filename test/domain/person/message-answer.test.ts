import { expect, test } from 'vitest';
import type { MessageAttempt } from '../../../domain/message/message.js';
import { type MessageFacts, messageAnswer } from '../../../domain/person/message-answer.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';

const day = (n: number) => new Date(Date.UTC(2026, 4, n, 9));
const ATTEMPT: MessageAttempt = {
  ...{ n: 1, at: day(15).toISOString(), outcome: 'sent', class: 'accepted' },
  ...{ code: '250', reply: '250 2.0.0 queued as 4FzX', next: null },
};
const MESSAGE: MessageFacts = {
  ...{ state: 'sent', attempts: [ATTEMPT], created_at: day(14), updated_at: day(15), due: day(14), seen: day(15) },
  ...{ bounced: null, complained: null, waiting: null, held: null },
};
const WAITING: Waiting = {
  ...{ reason: 'transport', since: day(15), next_try: day(17) },
  detail: 'SMTP_URL cannot be reached. Last reply: connect ECONNREFUSED',
};
const IT_WAITS =
  'Waiting since 2026-05-15 09:00:00 UTC (transport): SMTP_URL cannot be reached. Last reply: connect ECONNREFUSED. Next try on 2026-05-17 09:00:00 UTC.';

test.each<[string, Partial<MessageFacts>]>([
  ['Sent on 2026-05-15 09:00:00 UTC, accepted by the mail server: "250 2.0.0 queued as 4FzX".', {}],
  [
    'Sent on 2026-05-15 09:00:00 UTC, accepted by the mail server: "250 2.0.0 queued as 4FzX". It bounced later, on 2026-05-17 09:00:00 UTC.',
    { bounced: { at: day(17), reply: null } },
  ],
  [
    'Sent on 2026-05-15 09:00:00 UTC, accepted by the mail server: "250 2.0.0 queued as 4FzX". It waited from 2026-05-14 09:00:00 UTC to 2026-05-15 09:00:00 UTC (transport).',
    { held: { from: day(14), to: day(15), reason: 'transport' } },
  ],
  [IT_WAITS, { state: 'accepted', attempts: [], waiting: WAITING }],
  [IT_WAITS, { state: 'sending', attempts: [], waiting: WAITING }],
  [
    `Deferred on 2026-05-15 09:00:00 UTC (greylisted): "451 4.7.1 later". ${IT_WAITS}`,
    {
      state: 'deferred',
      attempts: [{ ...ATTEMPT, outcome: 'deferred', class: 'greylisted', reply: '451 4.7.1 later' }],
      due: day(15),
      waiting: WAITING,
    },
  ],
  ['Scheduled for 2026-05-20 09:00:00 UTC.', { state: 'accepted', attempts: [], due: day(20) }],
  ['Waiting: accepted on 2026-05-14 09:00:00 UTC, and no attempt has ended yet.', { state: 'accepted', attempts: [] }],
  [
    'Being sent: the mail was claimed on 2026-05-15 09:00:00 UTC, and the reply is awaited.',
    { state: 'sending', attempts: [] },
  ],
  [
    'Deferred on 2026-05-15 09:00:00 UTC (greylisted): "451 4.7.1 later". The next attempt is due on 2026-05-17 09:00:00 UTC.',
    {
      state: 'deferred',
      attempts: [{ ...ATTEMPT, outcome: 'deferred', class: 'greylisted', reply: '451 4.7.1 later' }],
      due: day(17),
    },
  ],
  [
    'Failed on 2026-05-15 09:00:00 UTC (suppressed).',
    { state: 'failed', attempts: [{ ...ATTEMPT, outcome: 'failed', class: 'suppressed', code: null, reply: null }] },
  ],
  [
    'Uncertain on 2026-05-15 09:00:00 UTC (owner_lost). The mail may have arrived; it is not sent again.',
    {
      state: 'uncertain',
      attempts: [{ ...ATTEMPT, outcome: 'uncertain', class: 'owner_lost', code: null, reply: null }],
    },
  ],
  ['Cancelled on 2026-05-15 09:00:00 UTC.', { state: 'cancelled', attempts: [] }],
])('%s', (sentence, over) => {
  const message = { ...MESSAGE, ...over };
  expect(messageAnswer(message, day(16))).toEqual({ code: message.state, sentence });
});
