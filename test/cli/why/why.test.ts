import { expect, test, vi } from 'vitest';
import { why } from '../../../cli/why/why.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anException } from '../../support/store/ledger-pages.js';
import { aMessage } from '../../support/store/messages.js';

const cli = commandLine();
const FROZEN = new Date('2026-05-15T09:00:00Z');

/** A campaign to two readers: the first was refused, the second is suppressed since before the freeze. */
async function aCampaignWithARefusal() {
  const draft = await aDraft(cli.store, 2, { subject: 'Spring \u001b[2J sale' });
  const people = await cli.store.db
    .collection<{ _id: number; email: string }>('subscribers')
    .find({ list_id: draft.list_id })
    .sort({ _id: 1 })
    .toArray();
  const [refused = { _id: 0, email: '' }, suppressed = { _id: 0, email: '' }] = people;
  await suppressions(cli.store).add(draft.account, suppressed.email, 'bounce', '550 5.1.1 no such user');
  await cli.store.db
    .collection('suppressions')
    .updateMany({}, { $set: { created_at: new Date('2026-05-08T09:00:00Z') } });
  const { launch = 0 } = (await campaigns(cli.store).launch(draft)) ?? {};
  const frozen = {
    rounds: [{ takes: [], due: FROZEN }],
    round: 0,
    up_to: suppressed._id,
    state: 'sent',
    launched_at: FROZEN,
  };
  await cli.store.db.collection<{ _id: number }>('campaigns').updateOne({ _id: draft._id }, { $set: frozen });
  const key = { account: draft.account, campaign: draft._id, launch, round: 0 };
  await rounds(cli.store).addPages(key, 0, [{ ids: [refused._id], last: true, excluded: { suppressed: 1 } }]);
  const refusal = anException({ i: 0, kind: 'failed', class: 'invalid_recipient', reply: '550 5.1.1 no such user' });
  const marks = { settled: 1, claimed: 1, exceptions: [refusal], done: true };
  await majorityCollection<LedgerPage>(cli.store, 'ledger').updateOne({ campaign: draft._id }, { $set: marks });
  return { campaign: draft._id, list: draft.list_id, refused: refused.email, suppressed: suppressed.email };
}

const asked = (email: string, more: Partial<Parameters<typeof why>[2]> = {}) =>
  why(cli.config, email, { account: 1, json: false, ...more });

test('tells what is known about an address as a short story, with the answer first', async () => {
  const { campaign, list, refused, suppressed } = await aCampaignWithARefusal();
  expect(await asked(suppressed, { campaign })).toBe(0);
  expect(cli.output).toEqual([
    suppressed,
    `Campaign ${campaign}: Excluded at the freeze on 2026-05-15 09:00:00 UTC: ` +
      'suppressed since 2026-05-08 09:00:00 UTC (bounce), after "550 5.1.1 no such user".',
    'Suppressed since 2026-05-08 09:00:00 UTC (bounce), after "550 5.1.1 no such user": gets no mail.',
    `On list ${list}, Readers: active, added on 2026-01-12 10:14:23 UTC (test).`,
  ]);
  cli.clear();
  expect(await asked(refused.toUpperCase())).toBe(0);
  expect(cli.output).toEqual([
    refused,
    `On list ${list}, Readers: active, added on 2026-01-12 10:14:23 UTC (test).`,
    'Campaigns, the last first:',
    // The control character of the subject does not reach the terminal.
    `  2026-05-15 09:00:00 UTC  campaign ${campaign}, "Spring  [2J sale": failed (invalid_recipient, counts as a bounce): "550 5.1.1 no such user"`,
  ]);
});

test('answers about a message, and prints what the API answers', async () => {
  const to = { email: 'mo@example.org', name: null };
  const row = aMessage({ account: 1, to, to_key: to.email, state: 'failed', subject: 'Code' });
  const attempt = { n: 1, at: '2026-05-15T09:00:00.000Z', outcome: 'failed', class: 'mailbox_full' } as const;
  const attempts = [{ ...attempt, code: '552', reply: '552 5.2.2 full', next: null }];
  await majorityCollection<typeof row>(cli.store, 'messages').insertOne({ ...row, attempts });
  expect(await asked(to.email, { message: row._id.toUpperCase() })).toBe(0);
  expect(cli.output).toEqual([
    to.email,
    'This message: Failed on 2026-05-15 09:00:00 UTC (mailbox_full): "552 5.2.2 full".',
    'On no list.',
    'Messages, the newest first:',
    `  2026-05-15 09:00:00 UTC  message ${row._id}, "Code": failed (mailbox_full): "552 5.2.2 full"`,
  ]);
  cli.clear();
  expect(await asked(to.email, { message: row._id, json: true })).toBe(0);
  expect(JSON.parse(cli.output.join('\n'))).toMatchObject({
    email: to.email,
    why: { code: 'failed', message_id: row._id },
  });
});

test('says for what a message waits', async () => {
  const to = { email: 'lea@example.org', name: null };
  const due = new Date('2026-05-15T09:00:00Z');
  const row = aMessage({ account: 1, to, to_key: to.email, state: 'accepted', subject: 'Code', due, created_at: due });
  await majorityCollection<typeof row>(cli.store, 'messages').insertOne(row);
  expect(await asked(to.email)).toBe(0);
  expect(cli.output.at(-1)).toMatch(/"Code": accepted, waiting since 2026-05-15 09:00:00 UTC \(worker\): .+\.$/);
});

test('says what it does not know', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  for (const [email, more] of [
    ['nowhere@example.org', {}],
    ['no address', {}],
    ['mo@example.org', { campaign: 999 }],
    ['mo@example.org', { message: 'unknown' }],
    ['mo@example.org', { account: 2 }],
  ] as const) {
    expect([email, await asked(email, more)]).toEqual([email, 1]);
  }
  expect(errors.mock.calls.flat()).toEqual([
    'No list, message or suppression of account 1 has nowhere@example.org.',
    'no address is not an address.',
    'Account 1 has no campaign 999.',
    'Account 1 has no message unknown.',
    'No list, message or suppression of account 2 has mo@example.org.',
  ]);
  expect(cli.output).toEqual([]);
});
