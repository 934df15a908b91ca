import { Command } from 'commander';
import { beforeEach, expect, inject, test, vi } from 'vitest';
import { campaign } from '../../../cli/stories/campaign.js';
import { storyCommands } from '../../../cli/stories/commands.js';
import { listCampaigns, listNewsletters } from '../../../cli/stories/listing.js';
import { newsletter } from '../../../cli/stories/newsletter.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { aNewsletter } from '../../support/store/newsletters.js';

const cli = commandLine();
const SETTINGS = {
  rate_per_second: null,
  on_uncertain: 'hold',
  track_opens: false,
  track_clicks: false,
  ttl_hours: 24,
} as const;
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
  const next = /^ {2}leaves on 20\d\d-\d\d-\d\d \d\d:30:\d\d UTC \(begins at \w{3} \d\d \w{3} 20\d\d .+, UTC\)$/;
  expect(await newsletter(cli.config, row._id, ASKED)).toBe(0);
  expect(cli.output.slice(0, 2)).toEqual([`Newsletter ${row._id}, "Acme weekly": active`, 'Next issues:']);
  expect(cli.output[2]).toMatch(next);
  await cli.store.db.collection('newsletters').updateOne({}, { $set: { state: 'paused' } });
  cli.clear();
  await newsletter(cli.config, row._id, ASKED);
  expect(cli.output).toEqual([`Newsletter ${row._id}, "Acme weekly": paused`]);
});

test('the newest campaigns and newsletters are listed with their numbers', async () => {
  await cli.store.db.collection('campaigns').deleteMany({});
  await listCampaigns(cli.config, ASKED);
  expect(cli.output).toEqual(['No campaigns.']);
  const { _id: first } = await aDraft(cli.store, 1, { subject: 'Spring letter' });
  await cli.store.db
    .collection<{ _id: number }>('campaigns')
    .updateOne({ _id: first }, { $set: { ...ENDED, state: 'sent' } });
  const { _id: second } = await aDraft(cli.store, 1, { subject: 'Summer letter' });
  cli.clear();
  await listCampaigns(cli.config, ASKED);
  expect(cli.output).toEqual([
    `Campaign ${second}, "Summer letter": draft`,
    `Campaign ${first}, "Spring letter": sent, sent on 2026-05-15 09:06:47 UTC`,
  ]);
  for (let n = 0; n < 20; n += 1) await aDraft(cli.store, 0);
  cli.clear();
  await listCampaigns(cli.config, ASKED);
  expect(cli.output.slice(20)).toEqual(['The newest 20 of 22 campaigns; GET /campaigns?page=2 has the others.']);
  const { _id: weekly } = await aNewsletter(cli.store, {});
  cli.clear();
  await listNewsletters(cli.config, ASKED);
  expect(cli.output[0]).toMatch(
    new RegExp(`^Newsletter ${weekly}, "Acme weekly": active, the next issue begins on 20.* UTC$`),
  );
});

const LAUNCHED = new Date('2026-05-15T09:00:00Z');
const END = new Date('2026-05-15T09:06:47Z');
const ENDED = { launched_at: LAUNCHED, sent_at: END, closed_at: END, round: 0, reason: null };

test('an ended campaign says how fast it was, and names its uncertain recipients', async () => {
  const { _id, list_id } = await aDraft(cli.store, 12, { settings: { ...SETTINGS, rate_per_second: 3 } });
  const rows = cli.store.db.collection<{ _id: number }>('campaigns');
  await rows.updateOne({ _id }, { $set: { ...ENDED, state: 'failed', recipient_count: 12 } });
  const readers = await cli.store.db
    .collection<{ _id: number }>('subscribers')
    .find({ list_id })
    .sort({ _id: 1 })
    .toArray();
  const ids = readers.map((reader) => reader._id);
  const exceptions = ids.slice(0, 11).map((_, i) => {
    return anException({ i, kind: 'uncertain', class: 'unknown_outcome', reply: 'dot: read ECONNRESET' });
  });
  await insertPages(cli.store, [aPage({ campaign: _id, ids, settled: 12, claimed: 12, done: true, exceptions })]);
  expect(await campaign(cli.config, _id, ASKED)).toBe(0);
  expect(cli.output[0]).toBe(`Campaign ${_id}, "News for {{ first_name }}": failed, ended on 2026-05-15 09:06:47 UTC`);
  expect(cli.output[3]).toBe(
    'Not being sent since 2026-05-15 09:06:47 UTC. Launched on 2026-05-15 09:00:00 UTC: 12 mails in 407 seconds, 0.03 a second on average; its rate is 3 a second.',
  );
  expect(cli.output.slice(4)).toEqual([
    'Uncertain, may have arrived:',
    ...ids.slice(0, 10).map((id) => `  reader${id}@example.test: unknown_outcome, "dot: read ECONNRESET"`),
    `  all 11: GET /campaigns/${_id}/recipients?status=uncertain`,
  ]);
  cli.clear();
  await campaign(cli.config, _id, { ...ASKED, json: true });
  const shown = JSON.parse(cli.output.join(''));
  expect(shown.sending).toMatchObject({ to: '2026-05-15T09:06:47+00:00', mails: 12, seconds: 407, per_second: 0.03 });
  expect(shown.uncertain_recipients).toHaveLength(10);
});

test('a paused campaign says since when it is not sent; its speed is limited by the reason', async () => {
  const { _id } = await aDraft(cli.store, 1);
  const held = { since: END, at: END, next_try: null, detail: null };
  const paused = { ...ENDED, sent_at: null, closed_at: null, state: 'paused', held };
  await cli.store.db.collection<{ _id: number }>('campaigns').updateOne({ _id }, { $set: paused });
  await campaign(cli.config, _id, ASKED);
  expect(cli.output.slice(-2)).toEqual([
    'Waiting since 2026-05-15 09:06:47 UTC (paused): A request paused it.',
    'Not being sent since 2026-05-15 09:06:47 UTC. Launched on 2026-05-15 09:00:00 UTC: 0 mails in 407 seconds, 0 a second on average; no rate of its own.',
  ]);
  cli.clear();
  await campaign(cli.config, _id, { ...ASKED, json: true });
  expect(JSON.parse(cli.output.join('')).speed).toMatchObject({ per_second: 0, limited_by: 'paused' });
});

test.each(['campaign', 'campaigns'])('everpost %s without a number lists, and a name is no number', async (command) => {
  const program = new Command().exitOverride();
  storyCommands(program);
  for (const each of program.commands) each.exitOverride().configureOutput({ writeErr: () => undefined });
  await expect(program.parseAsync([command, 'Spring letter'], { from: 'user' })).rejects.toThrow(
    'a number: everpost campaign lists them with their names',
  );
  vi.stubEnv('MONGODB_URL', inject('mongodbUrl'));
  vi.stubEnv('MONGODB_DATABASE', cli.store.db.databaseName);
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  await program.parseAsync([command], { from: 'user' });
  vi.unstubAllEnvs();
  expect(exit).toHaveBeenCalledWith(0);
  expect(cli.output.some((line) => line.startsWith('Campaign '))).toBe(true);
});

test('says what it does not know', async () => {
  expect(await campaign(cli.config, 999, ASKED)).toBe(1);
  expect(await newsletter(cli.config, 999, ASKED)).toBe(1);
  expect(errors).toEqual([
    'Account 1 has no campaign 999: everpost campaign lists them.',
    'Account 1 has no newsletter 999: everpost newsletter lists them.',
  ]);
  expect(cli.output).toEqual([]);
});
