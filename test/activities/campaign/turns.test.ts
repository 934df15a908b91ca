import { expect, test } from 'vitest';
import { fairTurns, inTurn } from '../../../activities/campaign/turns.js';

const running = new AbortController().signal;
const settings = { slots: 2, shortest: 40, longestWait: 30_000, lanesOfAccount: 5, heartbeatEvery: 10 };
const context = (cancelled = running, heartbeat: () => void = () => undefined) => ({ cancelled, heartbeat });
const lane = (account: number, campaign = account) => ({ account, campaign });

type Taken = Awaited<ReturnType<ReturnType<typeof fairTurns>['take']>>;
function turnOf(taken: Taken) {
  if (typeof taken === 'string') throw new Error(`no turn: ${taken}`);
  return taken;
}
/** Whether a promise is settled once what is due now has been done. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const first = await Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve(pending)))]);
  return first !== pending;
}

test('another account has a turn at once, while the one it took it from settles its last mails', async () => {
  const turns = fairTurns(settings);
  const first = turnOf(await turns.take(lane(1, 11), context(), running));
  const second = turnOf(await turns.take(lane(1, 12), context(), running));
  const waits = turns.take(lane(1, 13), context(), running);
  expect([first.over.aborted, second.over.aborted, await isSettled(waits)]).toEqual([false, false, false]);
  turnOf(await turns.take(lane(2), context(), running));
  expect([first.over.aborted, second.over.aborted, await isSettled(waits)]).toEqual([true, false, false]);
  expect([turns.resting(), turns.present().length]).toEqual([1, 3]);
  first.end();
  expect([turns.resting(), await isSettled(waits)]).toEqual([0, false]);
  second.end();
  turnOf(await waits);
});

test('a second lane of a campaign waits until the first has ended or settles its last mails', async () => {
  const turns = fairTurns(settings);
  const first = turnOf(await turns.take(lane(1), context(), running));
  const waits = turns.take(lane(1), context(), running);
  expect([first.over.aborted, await isSettled(waits)]).toEqual([false, false]);
  first.end();
  turnOf(await waits);
});

test('more accounts than slots take turns: each gets one while the others go on', async () => {
  const turns = fairTurns(settings);
  const served: number[] = [];
  const rounds = (account: number) =>
    new Promise<void>((resolve) => {
      const again = async (left: number): Promise<void> => {
        const turn = turnOf(await turns.take(lane(account), context(), running));
        served.push(account);
        if (left === 0) return resolve(turn.end());
        turn.over.addEventListener('abort', () => {
          turn.end();
          void again(left - 1);
        });
      };
      void again(3);
    });
  await Promise.race([rounds(1), rounds(2), rounds(3)]);
  const counts = [1, 2, 3].map((account) => served.filter((one) => one === account).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('a lane that waits heartbeats, and leaves when it is cancelled, when the process stops and after its longest wait', async () => {
  const turns = fairTurns({ ...settings, slots: 0 });
  const [cancel, stop] = [new AbortController(), new AbortController()];
  let beat: () => void = () => undefined;
  const beaten = new Promise<void>((resolve) => {
    beat = resolve;
  });
  const one = turns.take(
    lane(1),
    context(cancel.signal, () => beat()),
    running,
  );
  const two = turns.take(lane(2), context(), stop.signal);
  await beaten;
  cancel.abort();
  stop.abort();
  expect(await Promise.all([one, two, turns.take(lane(3), context(), stop.signal)])).toEqual(['more', 'more', 'more']);
  const hasty = fairTurns({ ...settings, slots: 0, longestWait: 20 });
  expect(await hasty.take(lane(1), context(), running)).toBe('more');
  expect([turns.present(), hasty.present()]).toEqual([[], []]);
});

test('an account with too many lanes here is sent away, others are not', async () => {
  const turns = fairTurns({ ...settings, slots: 9 });
  for (let n = 0; n < 5; n++) turnOf(await turns.take(lane(1, 10 + n), context(), running));
  expect(await turns.take(lane(1, 19), context(), running)).toBe('busy');
  turnOf(await turns.take(lane(2), context(), running));
});

test('a lane that another process sends takes no slot and comes back', async () => {
  const turns = fairTurns(settings);
  const context = () => ({ cancelled: running, heartbeat: () => undefined });
  const deps = { turns, stopping: running, activityContext: context, sendsHere: async () => false };
  const aside = inTurn(deps, lane(1), async () => 'sent');
  await expect.poll(() => turns.resting()).toBe(1);
  expect(turns.present()).toEqual([]);
  expect([await aside, turns.resting()]).toEqual(['more', 0]);
  expect(await inTurn({ ...deps, sendsHere: async () => true }, lane(1), async () => 'sent')).toBe('sent');
});
