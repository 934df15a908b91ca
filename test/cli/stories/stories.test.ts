import { beforeEach, expect, test, vi } from 'vitest';
import { campaign } from '../../../cli/stories/campaign.js';
import { newsletter } from '../../../cli/stories/newsletter.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { aDraft } from '../../support/store/campaigns.js';
import { aNewsletter } from '../../support/store/newsletters.js';

const cli = commandLine();
const ASKED = { account: 1, json: false };
let errors: string[] = [];
beforeEach(() => {
  errors = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
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

test('says what it does not know', async () => {
  expect(await campaign(cli.config, 999, ASKED)).toBe(1);
  expect(await newsletter(cli.config, 999, ASKED)).toBe(1);
  expect(errors).toEqual(['Account 1 has no campaign 999.', 'Account 1 has no newsletter 999.']);
  expect(cli.output).toEqual([]);
});
