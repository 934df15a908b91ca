import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inTurnOrder, type Lane, missingCampaigns, turnToEnd } from '../../../domain/delivery/fair-turns.js';

const never = { account: () => Number.NEGATIVE_INFINITY, campaign: () => Number.NEGATIVE_INFINITY };
const lane = (account: number, campaign: number, since = 0): Lane => ({ account, campaign, since });
const timing = { now: 10_000, shortest: 2_000 };

test.each([
  ['the account with the fewest turns', [lane(1, 1), lane(2, 2)], [lane(1, 1)], 2],
  ['of its campaigns the one with the fewest turns', [lane(1, 1), lane(1, 2)], [lane(1, 1)], 2],
  ['the one that waits longest', [lane(1, 1, 5), lane(2, 2, 4)], [], 2],
] as const)('the next turn goes to %s', (_, waiting, running, campaign) => {
  expect(inTurnOrder(waiting, running, never)[0]?.campaign).toBe(campaign);
});

test('of two accounts with as many turns, the next goes to the one that had none for longer', () => {
  const last = { ...never, account: (account: number) => -account };
  expect(inTurnOrder([lane(1, 1), lane(2, 2, 9)], [], last)[0]?.account).toBe(2);
});

const four = [lane(1, 1, 9_000), lane(1, 1, 9_100), lane(1, 2, 9_200), lane(1, 2, 9_300)];
test.each([
  ['an account without a turn takes one at once', lane(2, 9), four, four[0]],
  ['campaigns with as many turns as the others take none', lane(1, 1), four, undefined],
  ['a campaign without a turn takes one of two at once', lane(1, 3), four, four[0]],
  ['an account with one turn less waits', lane(3, 3), [lane(1, 1, 9_000), lane(2, 2, 9_000)], undefined],
  ['until the other turn is long enough', lane(3, 3), [lane(1, 1, 9_000), lane(2, 2, 8_000)], lane(2, 2, 8_000)],
] as const)('%s', (_, waiting, running, ends) => {
  expect(turnToEnd(waiting, running, timing)).toEqual(ends);
});

const anyLane = fc.record({
  account: fc.integer({ min: 1, max: 4 }),
  campaign: fc.integer({ min: 1, max: 3 }),
  since: fc.constant(0),
});
const own = ({ account, campaign, since }: Lane) => ({ account, campaign: account * 10 + campaign, since });

test('turns that end and begin until no account is due leave none two turns behind another that it waits for', () => {
  fc.assert(
    fc.property(fc.array(anyLane, { minLength: 4, maxLength: 4 }), fc.array(anyLane), (holders, waiters) => {
      const running = holders.map(own);
      const waiting = waiters.map(own);
      const give = () =>
        inTurnOrder(waiting, running, never).some((next) => {
          const ends = turnToEnd(next, running, { now: 0, shortest: 1 });
          if (ends === undefined) return false;
          running.splice(running.indexOf(ends), 1, next);
          waiting.splice(waiting.indexOf(next), 1);
          return true;
        });
      // Each change brings the turns closer to each other, so there are few.
      for (let changes = 0; give(); changes += 1) expect(changes).toBeLessThan(12);
      const turns = (account: number) => running.filter((turn) => turn.account === account).length;
      const most = Math.max(...running.map(({ account }) => turns(account)));
      for (const { account } of waiting) expect(turns(account)).toBeGreaterThanOrEqual(most - 1);
    }),
  );
});

test.each([
  ['no campaign that has a lane here, however few', [lane(1, 1), lane(2, 2)], [lane(1, 1), lane(1, 1), lane(2, 2)], []],
  ['the campaign of an account that is not here', [lane(1, 1), lane(2, 2)], [lane(1, 1), lane(1, 1)], [2]],
  ['a further campaign of an account that is here', [lane(1, 1), lane(1, 5)], [lane(1, 1)], [5]],
  ['each of several', [lane(1, 1), lane(1, 5), lane(3, 7)], [], [1, 5, 7]],
  ['none that has ended, though its last lane is here', [], [lane(1, 1)], []],
] as const)('missing: %s', (_, sending, present, missing) => {
  expect(missingCampaigns(sending, present)).toEqual(missing);
});
