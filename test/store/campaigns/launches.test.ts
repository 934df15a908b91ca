import { beforeAll, expect, test } from 'vitest';
import { campaignReading } from '../../../store/campaigns/reading.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { aDraft } from '../../support/store/campaigns.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const OWN = [501, 502];
const rows = () => majorityCollection<Campaign>(store, 'campaigns');
const minute = (n: number) => new Date(Date.UTC(2026, 4, 15, 9, n));
let account = 0;

/** Ten launched and ten scheduled campaigns on each of three lists; the third is another person's. */
beforeAll(async () => {
  const { _id: _, ...draft } = await aDraft(store, 0);
  account = draft.account;
  const all = [...OWN, 503].flatMap((list_id, l) =>
    Array.from({ length: 20 }, (__, k) => {
      const when = minute(3 * k + l);
      const stands =
        k < 10 ? { state: 'sent' as const, launched_at: when } : { state: 'scheduled' as const, scheduled_at: when };
      return { ...draft, ...stands, list_id, _id: 1_000 + 100 * l + k };
    }),
  );
  await rows().insertMany(all);
});

test('launches to some lists are read latest first, and go on behind a position', async () => {
  const { launchedTo } = campaignReading(store);
  const read = async (limit: number, after?: Parameters<typeof launchedTo>[2]) =>
    (await launchedTo(account, OWN, after, limit)).map(({ _id, launched_at }) => [_id, launched_at?.getUTCMinutes()]);
  expect(await read(3)).toEqual([
    [1_109, 28],
    [1_009, 27],
    [1_108, 25],
  ]);
  expect(await read(2, { at: minute(25), id: 1_108 })).toEqual([
    [1_008, 24],
    [1_107, 22],
  ]);
  expect(await read(100)).toHaveLength(20);
  expect(await launchedTo(account, [], undefined, 5)).toEqual([]);
  expect(await campaignReading(store).launchedTo(account + 1, OWN, undefined, 5)).toEqual([]);
});

test('scheduled campaigns of some lists are read the next one first, without their letters', async () => {
  const found = await campaignReading(store).scheduledTo(account, OWN, 2);
  expect(found.map(({ _id }) => _id)).toEqual([1_010, 1_110]);
  expect(Object.keys(found[0] ?? {})).not.toContain('html');
});

test.each([
  ['launched', { launched_at: { $type: 'date' } }, { launched_at: -1, _id: -1 }],
  ['scheduled', { state: 'scheduled' }, { scheduled_at: 1 }],
] as const)('of the %s campaigns of an account only those that are shown are read', async (_, filter, sort) => {
  const asked = { account, list_id: { $in: OWN }, ...filter };
  const plan = await rows()
    .aggregate([{ $match: asked }, { $sort: sort }, { $limit: 3 }, { $unset: 'html' }], {
      hint: { account: 1, list_id: 1, ...sort },
    })
    .explain('executionStats');
  const stats = plan['executionStats'] ?? plan['stages'][0].$cursor.executionStats;
  expect(stats.totalDocsExamined).toBe(3);
  expect(JSON.stringify(stats)).not.toContain('"SORT"');
});
