import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loopLoad } from '../../../api/engine/loop-load.js';
import { monotonic } from '../../../clock.js';

test('a loop is busy after a moment of work, and no longer after a moment of rest', async () => {
  const isBusy = loopLoad();
  const until = monotonic() + 300;
  while (monotonic() < until);
  await pause(0);
  expect(isBusy()).toBe(true);
  await pause(300);
  expect(isBusy()).toBe(false);
});
