import { beforeEach, expect, test, vi } from 'vitest';
import { campaign } from '../../../cli/stories/campaign.js';
import { events } from '../../../cli/stories/events.js';
import { newsletter } from '../../../cli/stories/newsletter.js';
import { status } from '../../../cli/stories/status.js';
import { events as eventLog } from '../../../store/events/events.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { aDraft } from '../../support/store/campaigns.js';
import { aNewsletter } from '../../support/store/newsletters.js';

const cli = commandLine();
const ASKED = { account: 1, json: false };
const NOON = new Date('2026-05-15T12:00:00Z');
let errors: string[] = [];
beforeEach(() => {
  errors = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
});

test('without any work nothing waits and nothing is uncertain', async () => {
  await status(cli.config, ASKED);
  expect(cli.output).toEqual(['Nothing waits.', 'Nothing is uncertain.', 'Transports:', '  of SMTP_URL: unknown']);
});

test('a draft waits for nothing, has no speed, and no audience yet', async () => {
  const { _id } = await aDraft(cli.store, 2, { subject: 'Spring \u001b[2J sale' });
  expect(await campaign(cli.config, _id, ASKED)).toBe(0);
  expect(cli.output).toEqual([
    // The control character of the subject does not reach the terminal.
    `Campaign ${_id}, "Spring  [2J sale": draft`,
    '0 recipients: 0 sent, 0 failed, 0 skipped, 0 uncertain, 0 deferred, 0 pending, 0 in flight',
    'Left out at the freeze: not known before its end.',
  ]);
});

test('a newsletter says when its next issues leave; a paused one has none', async () => {
  const row = await aNewsletter(cli.store, { lead_seconds: 1_800 });
  const next = /^ {2}leaves on 20\d\d-\d\d-\d\d \d\d:30:\d\d UTC \(begins at .+\)$/;
  expect(await newsletter(cli.config, row._id, ASKED)).toBe(0);
  expect(cli.output.slice(0, 2)).toEqual([`Newsletter ${row._id}, "Acme weekly": active`, 'Next issues:']);
  expect(cli.output[2]).toMatch(next);
  await cli.store.db.collection('newsletters').updateOne({}, { $set: { state: 'paused' } });
  cli.clear();
  await newsletter(cli.config, row._id, ASKED);
  expect(cli.output).toEqual([`Newsletter ${row._id}, "Acme weekly": paused`]);
});

test('a webhook that fails is named, and the events that it has not tried wait for it', async () => {
  const rows = endpoints(cli.store, '');
  const fields = { url: 'https://acme.example/hooks', description: null, format: 'standard', ordered: false } as const;
  const paused = ['campaign.paused'] as const;
  const { row } = await rows.create(1, { ...fields, events: paused, cursor: 0 });
  // Comes to later events only, and has no failures.
  await rows.create(1, { ...fields, events: paused, cursor: 1_000 });
  const failing = { failures: 3, failing_since: NOON, rest_until: new Date(NOON.getTime() + 60_000) };
  await cli.store.db.collection<{ _id: number }>('endpoints').updateOne({ _id: row._id }, { $set: failing });
  const event = { _id: 'a campaign is paused', account: 1, type: 'campaign.paused', campaign: 7 };
  await eventLog(cli.store).append([event], NOON);
  await status(cli.config, ASKED);
  const next = 'next attempt on 2026-05-15 12:01:00 UTC';
  expect(cli.output.slice(-2)).toEqual([
    'Webhooks that fail:',
    `  ${row._id}: fails since 2026-05-15 12:00:00 UTC; nothing was delivered; ${next}`,
  ]);
  cli.clear();
  await events(cli.config, { ...ASKED, type: 'campaign.paused', limit: 1 });
  expect(cli.output.slice(1)).toEqual([`  webhook ${row._id}: waiting; ${next}`]);
  cli.clear();
  await events(cli.config, { ...ASKED, type: 'subscriber.created', limit: 1 });
  expect(cli.output.filter((line) => line.includes('webhook'))).toEqual([]);
});

test('says what it does not know', async () => {
  expect(await campaign(cli.config, 999, ASKED)).toBe(1);
  expect(await newsletter(cli.config, 999, ASKED)).toBe(1);
  expect(errors).toEqual(['Account 1 has no campaign 999.', 'Account 1 has no newsletter 999.']);
  expect(cli.output).toEqual([]);
});
