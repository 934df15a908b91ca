import { beforeEach, expect, test, vi } from 'vitest';
import { COUNTED, matchesOf, matchLines } from '../../../cli/stories/event-matches.js';
import { events } from '../../../cli/stories/events.js';
import { useClock } from '../../../clock.js';
import { events as eventLog } from '../../../store/events/events.js';
import { commandLine } from '../../support/everpost/command-line.js';

const cli = commandLine();
const ASKED = { account: 1, json: false };
const NOON = new Date('2026-05-15T12:00:00Z');
let errors: string[] = [];
beforeEach(() => {
  errors = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
});

test.each([
  ['03:12', '2026-05-15T03:12:59Z', true],
  ['3:12', '2026-05-15T03:12:58Z', true],
  ['03:12', '2026-05-15T03:13:00Z', false],
  // The last such time: today it has not come yet.
  ['23:50', '2026-05-14T23:50:00Z', true],
  ['2026-05-13T10:00', '2026-05-13T10:00:30Z', true],
])('events at %s: one of %s is among them: %s', async (at, time, isAmong) => {
  const _id = `event ${at} ${time}`;
  await eventLog(cli.store).append([{ _id, account: 1, type: 'campaign.paused', campaign: 7 }], new Date(time));
  const restore = useClock({ now: () => NOON });
  try {
    expect(await events(cli.config, { ...ASKED, at, type: 'campaign.*', limit: 50 })).toBe(0);
  } finally {
    restore();
  }
  const line = `${time.slice(0, 19).replace('T', ' ')} UTC  campaign.paused, campaign 7`;
  expect(cli.output.some((printed) => printed.startsWith(line))).toBe(isAmong);
});

test('the latest events are printed in their order, and how many are not', async () => {
  for (const n of [1, 2, 3]) {
    const event = { _id: `subscriber ${n}`, account: 1, type: 'subscriber.created', subscriber: n };
    await eventLog(cli.store).append([event], new Date(NOON.getTime() + n));
  }
  await events(cli.config, { ...ASKED, type: 'subscriber.created', limit: 2 });
  expect(cli.output.slice(0, 2).map((line) => /subscriber (\d)/.exec(line)?.[1])).toEqual(['2', '3']);
  expect(cli.output.slice(2)).toEqual(['The last 2 of 3 events; --limit 5 shows more.']);
  cli.clear();
  await events(cli.config, { ...ASKED, type: 'subscriber.created', limit: 3 });
  expect(cli.output).toHaveLength(3);
});

test('a minute with many events is summed up by type, in text and in JSON', async () => {
  const at = '2026-05-10T08:00';
  const created = Array.from({ length: 30 }, (_, n) => {
    return { _id: `many ${n}`, account: 1, type: 'subscriber.created', subscriber: n + 1 };
  });
  const sent = { _id: 'many sent', account: 1, type: 'campaign.sent', campaign: 7 };
  await eventLog(cli.store).append([sent, ...created], new Date(`${at}:30Z`));
  await events(cli.config, { ...ASKED, at, limit: 10 });
  const byType = 'By type: 30 subscriber.created, 1 campaign.sent';
  expect(cli.output.slice(10)).toEqual([
    "The last 10 of 31 events; --limit 50 shows more, --type 'campaign.*' fewer.",
    byType,
  ]);
  cli.clear();
  await events(cli.config, { ...ASKED, at, limit: 50 });
  expect(cli.output.slice(31)).toEqual(['31 events', byType]);
  cli.clear();
  await events(cli.config, { ...ASKED, json: true, at, limit: 10 });
  const types = [
    { type: 'subscriber.created', count: 30 },
    { type: 'campaign.sent', count: 1 },
  ];
  expect(JSON.parse(cli.output.join('')).meta).toEqual({ shown: 10, matched: 31, all_counted: true, types });
});

test('more events than are counted are a number to begin with', () => {
  const types = [{ type: 'subscriber.created', count: COUNTED }];
  const [line] = matchLines(matchesOf(50, types));
  expect(line).toBe('The last 50 of more than 10000 events; --limit 10000 shows more.');
});

test('says what it does not know', async () => {
  const message = '0197c1a2-7a53-7c4e-9a51-3f0f6a2b9d11';
  expect(await events(cli.config, { ...ASKED, at: 'noon', limit: 50 })).toBe(2);
  expect(await events(cli.config, { ...ASKED, type: 'campaign.lost', limit: 50 })).toBe(2);
  expect(await events(cli.config, { ...ASKED, type: 'transport.*', limit: 50 })).toBe(2);
  expect(await events(cli.config, { ...ASKED, message, limit: 50 })).toBe(1);
  expect(await events(cli.config, { ...ASKED, campaign: 999, limit: 50 })).toBe(1);
  expect(errors).toEqual([
    'noon is no time: use 03:12 or 2026-05-15T03:12, in UTC.',
    expect.stringMatching(/^campaign\.lost is no event type: use campaign\.awaiting_approval, .*\.$/),
    expect.stringMatching(/^transport\.\* is no event type: use campaign\.\*, .*webhook\.\*\.$/),
    `Account 1 has no message ${message}: everpost why <email> names the messages to an address.`,
    'Account 1 has no campaign 999.',
  ]);
  expect(cli.output).toEqual([]);
});
